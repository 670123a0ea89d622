DO 'BEGIN CREATE ROLE zdm_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END';
GRANT USAGE, CREATE ON SCHEMA public TO zdm_owner;
CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;
CREATE INDEX ON users (lower(email));
CREATE TABLE notes (id int PRIMARY KEY, user_id bigint REFERENCES users (id) ON DELETE CASCADE);
GRANT SELECT, UPDATE (email) ON users TO zdm_owner WITH GRANT OPTION;
CREATE VIEW mails AS SELECT id, email FROM users;
GRANT SELECT, INSERT, UPDATE, DELETE ON users TO zdm_owner;
