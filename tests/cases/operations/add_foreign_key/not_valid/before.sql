-- Orders of a customer who is gone stay.
CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id bigint, note text);
INSERT INTO customers (name) SELECT 'c' || n FROM generate_series(1, 10) AS n;
INSERT INTO orders (customer_id) SELECT nullif(n % 11, 0) FROM generate_series(1, 30) AS n;
CREATE INDEX orders_customer ON orders (customer_id);
INSERT INTO orders (customer_id) VALUES (99);
