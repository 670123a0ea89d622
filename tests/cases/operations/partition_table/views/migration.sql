ALTER TABLE events RENAME TO events_2026;
ALTER TABLE events_2026 RENAME CONSTRAINT events_pkey TO events_2026_pkey;
CREATE TABLE events (LIKE events_2026) PARTITION BY RANGE (day);
ALTER TABLE events ADD CONSTRAINT events_pkey PRIMARY KEY (id, day);
CREATE OR REPLACE VIEW recent AS SELECT id, day, note FROM events WHERE day > date '2026-02-01';
CREATE OR REPLACE VIEW counted AS SELECT k.note, count(e.id) AS events FROM kinds AS k LEFT JOIN events AS e ON e.note = k.note GROUP BY k.note;
ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM (MINVALUE) TO ('2027-01-01');
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
