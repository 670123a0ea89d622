CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
INSERT INTO users SELECT n, 'u' || n || '@example.org', 'User ' || n FROM generate_series(1, 12000) AS n;
ANALYZE users;
CREATE TABLE subscribers (email text NOT NULL, user_id bigint NOT NULL, since date NOT NULL DEFAULT '2026-01-01', UNIQUE (email));
