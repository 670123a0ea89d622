ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0 AND (discount IS NULL OR discount <= total));
