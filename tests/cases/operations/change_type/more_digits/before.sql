CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(8,2));
INSERT INTO orders SELECT g, g FROM generate_series(1, 50) AS g;
