-- Two foreign keys get other actions, one of them another name as well.
CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id bigint, payer_id bigint,
  CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE,
  CONSTRAINT orders_payer FOREIGN KEY (payer_id) REFERENCES customers (id));
COMMENT ON CONSTRAINT orders_payer ON orders IS 'who pays';
INSERT INTO customers (name) SELECT 'c' || n FROM generate_series(1, 10) AS n;
INSERT INTO orders (customer_id, payer_id) SELECT n % 10 + 1, nullif(n, 3) % 10 + 1 FROM generate_series(1, 30) AS n;
