DO 'BEGIN CREATE ROLE zdm_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END';
GRANT USAGE, CREATE ON SCHEMA public TO zdm_owner;
CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 20000) AS n;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_of_them ON users USING (true);
ANALYZE users;
