DO 'BEGIN CREATE ROLE zdm_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END';
CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;
CREATE SCHEMA side;
CREATE TABLE secret (id int PRIMARY KEY);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION as_owner() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE PUBLICATION sent FOR TABLE users;
CREATE VIEW mails AS SELECT email FROM users;
