CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, logins integer);
INSERT INTO users (email, logins) SELECT 'user' || n || '@example.org', n FROM generate_series(1, 30) AS n;

CREATE FUNCTION checked() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN IF NEW.logins < 0 THEN RAISE EXCEPTION ''negative''; END IF; RETURN NEW; END';
CREATE TRIGGER checked BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION checked();
