CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, seen int NOT NULL DEFAULT 0);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, amount int NOT NULL);
INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, :rows) AS g;
INSERT INTO orders SELECT g, g, 1 FROM generate_series(1, :rows) AS g;
