CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;

ALTER TABLE users ADD COLUMN changed_at timestamp;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.changed_at := localtimestamp; RETURN NEW; END';
CREATE TRIGGER stamped BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stamp();

CREATE PROCEDURE clear(of bigint) LANGUAGE sql AS 'UPDATE users SET nickname = NULL WHERE id = of';
CREATE FUNCTION clear_all() RETURNS void LANGUAGE plpgsql AS 'BEGIN CALL clear(3); END';
