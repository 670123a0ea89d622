CREATE TABLE events (id bigint PRIMARY KEY, kind text);
INSERT INTO events SELECT n, 'k' FROM generate_series(1, 20000) AS n;
CREATE VIEW "Recent" AS SELECT id, kind AS "Kind" FROM events WHERE id > 19000;
CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM "Recent"';
ANALYZE events;
