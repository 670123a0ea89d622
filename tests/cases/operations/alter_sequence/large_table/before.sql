CREATE TABLE events (id serial PRIMARY KEY, kind text);
INSERT INTO events (kind) SELECT 'k' FROM generate_series(1, 20000);
CREATE SEQUENCE numbers INCREMENT BY -1;
CREATE SEQUENCE codes;
ALTER TABLE events ADD COLUMN code bigint DEFAULT nextval('codes');
ANALYZE events;
