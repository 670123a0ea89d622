CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, active boolean NOT NULL DEFAULT true);
INSERT INTO users SELECT n, 'u' || n || '@example.org', n % 3 > 0 FROM generate_series(1, 100) AS n;
