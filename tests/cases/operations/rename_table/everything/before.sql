CREATE TABLE countries (code text PRIMARY KEY);
INSERT INTO countries VALUES ('nl'), ('fr');
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number serial,
    email varchar(100) COLLATE "C" NOT NULL DEFAULT 'nobody@example.org',
    size int GENERATED ALWAYS AS (length(email)) STORED,
    country text DEFAULT 'nl' REFERENCES countries (code),
    manager bigint REFERENCES users (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_email_check CHECK (email <> '')
);
CREATE TABLE orders (id serial PRIMARY KEY, user_id bigint REFERENCES users (id) ON DELETE CASCADE);
CREATE TABLE history (user_id bigint, what text);
CREATE INDEX users_lower_email ON users (lower(email)) WHERE email <> 'x';
CREATE STATISTICS users_stat ON email, country FROM users;
CREATE VIEW addresses AS SELECT id, email FROM users;
CREATE MATERIALIZED VIEW counts AS SELECT country, count(*) AS users FROM users GROUP BY country;
CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN INSERT INTO history VALUES (NEW.id, TG_OP); RETURN NEW; END';
CREATE TRIGGER remember AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION remember();
CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM users; END;
COMMENT ON TABLE users IS 'who buys';
COMMENT ON COLUMN users.email IS 'where we write';
ALTER TABLE users SET (fillfactor = 80), REPLICA IDENTITY FULL;
INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 300) AS n;
INSERT INTO orders (user_id) SELECT id FROM users;
