CREATE TABLE events (id bigint PRIMARY KEY, kind text);
INSERT INTO events SELECT n, 'k' FROM generate_series(1, 20000) AS n;
CREATE FUNCTION "Longest"(a text, VARIADIC more text[]) RETURNS text LANGUAGE sql STABLE AS 'SELECT a';
CREATE FUNCTION all_of() RETURNS SETOF events LANGUAGE sql STABLE AS 'SELECT * FROM events';
CREATE FUNCTION calling() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM all_of()';
CREATE AGGREGATE joined(text) (SFUNC = textcat, STYPE = text);
ANALYZE events;
