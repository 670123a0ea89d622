ALTER TABLE orders DROP CONSTRAINT orders_total;
ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= -10);
ALTER TABLE orders DROP CONSTRAINT orders_customer, ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE SET NULL;
