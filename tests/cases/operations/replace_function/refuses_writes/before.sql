CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', 'nick' || n FROM generate_series(1, 30) AS n;

CREATE FUNCTION normalized() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.email := lower(NEW.email); RETURN NEW; END';
CREATE TRIGGER normalized BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION normalized();
