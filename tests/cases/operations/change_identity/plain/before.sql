CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
INSERT INTO users SELECT n, 'user' || n || '@example.org' FROM generate_series(1, 30) AS n;
