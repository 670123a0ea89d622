DO 'BEGIN CREATE ROLE zdm_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END';
DO 'BEGIN CREATE ROLE "zdm Writer"; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END';
CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;
GRANT SELECT ON users TO zdm_reader;
