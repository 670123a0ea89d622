ALTER TABLE readings RENAME TO readings_old;
ALTER TABLE readings_old RENAME CONSTRAINT readings_pkey TO readings_old_pkey;
ALTER TABLE readings_old RENAME CONSTRAINT readings_sensor_at_key TO readings_old_key;
ALTER INDEX readings_value_idx RENAME TO readings_old_value_idx;
CREATE TABLE readings (LIKE readings_old INCLUDING ALL) PARTITION BY RANGE (at);
ALTER SEQUENCE readings_id_seq OWNED BY readings.id;
ALTER TABLE readings ATTACH PARTITION readings_old
    FOR VALUES FROM (MINVALUE) TO ('2027-01-01');
CREATE TABLE readings_2027 PARTITION OF readings
    FOR VALUES FROM ('2027-01-01') TO (MAXVALUE);
