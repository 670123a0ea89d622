-- No order costs less than nothing.
ALTER TABLE orders ADD CONSTRAINT orders_total_cents_check CHECK (total_cents >= 0);
