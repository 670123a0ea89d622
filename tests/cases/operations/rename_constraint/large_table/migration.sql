ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO pk_orders;
