CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;

CREATE FUNCTION label(wanted bigint, mark text DEFAULT '#') RETURNS text LANGUAGE plpgsql STABLE
AS 'BEGIN RETURN mark || (SELECT email FROM users WHERE id = wanted); END';

CREATE FUNCTION short(email text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT split_part(email, ''@'', 1)';
CREATE FUNCTION shorter(email text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.short(email); END';
CREATE INDEX users_short ON users (shorter(email));
CREATE FUNCTION granted(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
REVOKE EXECUTE ON FUNCTION granted(integer) FROM PUBLIC;
CREATE FUNCTION checked(n text) RETURNS text LANGUAGE sql AS 'SELECT n';
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.nickname := checked(NEW.nickname); RETURN NEW; END';
CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touched();
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
