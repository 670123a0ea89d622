CREATE INDEX orders_customer_id_idx ON orders (customer_id);
-- zdm: orphans delete -- an order without its customer is of no use
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey
    FOREIGN KEY (customer_id) REFERENCES customers (id);
