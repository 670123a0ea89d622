ALTER TABLE orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
COMMENT ON TABLE orders IS 'sold';
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fkey;
