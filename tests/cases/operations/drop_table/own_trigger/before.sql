CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
INSERT INTO users SELECT i, 'u' || i || '@example.org', 'User ' || i FROM generate_series(1, 100) AS i;
CREATE TABLE sessions (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL, token text);
INSERT INTO sessions (user_id, token) SELECT i, 's' || i FROM generate_series(1, 100) AS i;

CREATE FUNCTION one_session() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN DELETE FROM public.sessions WHERE user_id = NEW.user_id AND id <> NEW.id; RETURN NULL; END';
CREATE TRIGGER one_session AFTER INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION one_session();
