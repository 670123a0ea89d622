CREATE TABLE users (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    bio text NOT NULL
);
INSERT INTO users (id, name, bio)
SELECT n, 'User ' || n, 'Bio ' || n FROM generate_series(1, 500) AS n;
