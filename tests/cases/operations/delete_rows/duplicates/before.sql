CREATE TABLE subscribers (id bigint PRIMARY KEY, email text NOT NULL, note text);
INSERT INTO subscribers SELECT n, 'user' || n % 20 || '@example.org', 'n' FROM generate_series(1, 60) AS n;
