ALTER TABLE orders RENAME CONSTRAINT orders_total TO orders_total_check;
