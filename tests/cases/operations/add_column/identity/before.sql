DO $$ BEGIN CREATE ROLE zdm_reader; EXCEPTION WHEN duplicate_object THEN END $$;
CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
CREATE VIEW members AS SELECT id, email FROM users;
GRANT SELECT, INSERT ON members TO zdm_reader;
GRANT USAGE ON SEQUENCE users_id_seq TO zdm_reader;
INSERT INTO users (email, nickname)
SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;
