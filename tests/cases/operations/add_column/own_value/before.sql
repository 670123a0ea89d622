CREATE TABLE orders (id bigint PRIMARY KEY, code bigint NOT NULL, note text);
INSERT INTO orders SELECT g, g FROM generate_series(1, 50) AS g;
