CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id bigint, total int);
INSERT INTO customers SELECT generate_series(1, 10);
INSERT INTO orders (customer_id) SELECT n % 10 + 1 FROM generate_series(1, 30) AS n;
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;
