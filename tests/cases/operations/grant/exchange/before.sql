DO 'BEGIN CREATE ROLE zdm_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END';
CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;
CREATE TABLE notes (id bigint PRIMARY KEY, body text);
GRANT ALL ON users TO zdm_reader;
GRANT SELECT (body) ON notes TO zdm_reader;
