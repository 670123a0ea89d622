CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL,
    name text
);
INSERT INTO users (id, email, name)
SELECT n, 'user' || n || '@example.org', 'User ' || n FROM generate_series(1, 500) AS n;
