-- Measurements were kept in one table; from 2027 on each year has its own.
ALTER TABLE measurements RENAME TO measurements_until_2026;
ALTER TABLE measurements_until_2026 RENAME CONSTRAINT measurements_pkey TO measurements_until_2026_pkey;
CREATE TABLE measurements (LIKE measurements_until_2026 INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (day);
ALTER TABLE measurements ADD CONSTRAINT measurements_pkey PRIMARY KEY (id, day);
ALTER SEQUENCE measurements_id_seq OWNED BY measurements.id;
ALTER TABLE measurements ATTACH PARTITION measurements_until_2026 FOR VALUES FROM (MINVALUE) TO ('2027-01-01');
CREATE TABLE measurements_2027 PARTITION OF measurements FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
