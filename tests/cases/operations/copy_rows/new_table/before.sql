CREATE TABLE orders (id bigint PRIMARY KEY, city text NOT NULL, street text, placed_at timestamptz NOT NULL DEFAULT '2026-01-01');
INSERT INTO orders SELECT n, 'City ' || n % 7, CASE WHEN n % 2 = 0 THEN 'Street ' || n END FROM generate_series(1, 100) AS n;
