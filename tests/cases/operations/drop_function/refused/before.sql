CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;

CREATE FUNCTION label(wanted bigint, mark text DEFAULT '#') RETURNS text LANGUAGE plpgsql STABLE
AS 'BEGIN RETURN mark || (SELECT email FROM users WHERE id = wanted); END';

ALTER TABLE users ADD COLUMN changed_at timestamp;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.changed_at := localtimestamp; RETURN NEW; END';
CREATE TRIGGER stamped BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stamp();

CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * n';
CREATE FUNCTION twice(n text) RETURNS text LANGUAGE sql AS 'SELECT n || n';
CREATE FUNCTION extra() RETURNS text LANGUAGE sql AS 'SELECT 1::text';
CREATE FUNCTION mark() RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x''';
ALTER TABLE users ADD COLUMN mark text DEFAULT mark();
