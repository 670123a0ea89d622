ALTER TABLE orders RENAME CONSTRAINT orders_total TO positive;
