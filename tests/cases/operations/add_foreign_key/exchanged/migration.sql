ALTER TABLE orders DROP CONSTRAINT orders_customer, DROP CONSTRAINT orders_payer;
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE SET NULL;
ALTER TABLE orders ADD CONSTRAINT orders_paid_by FOREIGN KEY (payer_id) REFERENCES customers (id) ON DELETE CASCADE;
