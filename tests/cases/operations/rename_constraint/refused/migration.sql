ALTER TABLE orders RENAME CONSTRAINT missing TO b;
ALTER TABLE orders RENAME CONSTRAINT orders_total TO orders_customer;
ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO customers;
ALTER TABLE gifts RENAME CONSTRAINT orders_total TO b;
ALTER TABLE missing RENAME CONSTRAINT a TO b;
