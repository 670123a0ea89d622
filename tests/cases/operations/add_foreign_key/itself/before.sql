CREATE TABLE parts (id bigint PRIMARY KEY, whole bigint);
INSERT INTO parts SELECT n, nullif(n / 2, 0) FROM generate_series(1, 30) AS n;
