CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id bigint, note text, size int GENERATED ALWAYS AS (length(note)) STORED);
INSERT INTO customers (name) SELECT 'c' || n FROM generate_series(1, 10) AS n;
INSERT INTO orders (customer_id, note) SELECT n, 'n' || n FROM generate_series(1, 10) AS n;
CREATE INDEX orders_customer ON orders (customer_id);
