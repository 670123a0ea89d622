CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;

CREATE FUNCTION label(wanted bigint, mark text DEFAULT '#') RETURNS text LANGUAGE plpgsql STABLE
AS 'BEGIN RETURN mark || (SELECT email FROM users WHERE id = wanted); END';

CREATE FUNCTION short(email text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT split_part(email, ''@'', 1)';
CREATE INDEX users_short ON users (short(email));
CREATE FUNCTION noted(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
COMMENT ON FUNCTION noted(integer) IS 'a note';
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.nickname := upper(NEW.nickname); RETURN NEW; END';
CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touched();
CREATE FUNCTION bare(integer) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'int4abs';
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
