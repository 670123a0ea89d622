CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL,
    name text
);
CREATE INDEX users_email ON users (email);
INSERT INTO users (id, email, name)
SELECT n, 'user' || n || '@example.org', 'User ' || n FROM generate_series(1, 50000) AS n;
ANALYZE users;
