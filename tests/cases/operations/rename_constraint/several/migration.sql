ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO pk_orders;
ALTER TABLE orders RENAME CONSTRAINT orders_customer TO fk_orders_customer;
