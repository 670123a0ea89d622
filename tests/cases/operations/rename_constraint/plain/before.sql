CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id bigint, total numeric, email text,
  CONSTRAINT orders_total CHECK (total >= 0), CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id));
COMMENT ON CONSTRAINT orders_total ON orders IS 'not negative';
INSERT INTO customers (name) SELECT 'c' || n FROM generate_series(1, 10) AS n;
INSERT INTO orders (customer_id, total) SELECT n % 10 + 1, n FROM generate_series(1, 30) AS n;
