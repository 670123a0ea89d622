CREATE SCHEMA apart;
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
CREATE TABLE apart.posts (id bigint PRIMARY KEY, "User" bigint);
CREATE INDEX users_name ON users (lower(name)) WHERE name IS NOT NULL;
CREATE INDEX users_email ON users (email);
CREATE INDEX "Posts user" ON apart.posts ("User");
INSERT INTO users SELECT i, 'u' || i || '@example.org', 'User ' || i FROM generate_series(1, 100) AS i;
