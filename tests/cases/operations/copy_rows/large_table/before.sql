CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
INSERT INTO users SELECT n, 'u' || n || '@example.org', 'User ' || n FROM generate_series(1, 12000) AS n;
ANALYZE users;
