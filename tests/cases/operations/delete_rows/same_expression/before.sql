CREATE TABLE subscribers (id bigint PRIMARY KEY, email text NOT NULL, note text);
INSERT INTO subscribers SELECT n, CASE WHEN n % 2 = 0 THEN 'user' ELSE 'User' END || n % 10 || '@example.org', 'n' FROM generate_series(1, 60) AS n;
