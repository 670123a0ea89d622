UPDATE orders SET discount = 0 WHERE discount IS NULL;
ALTER TABLE orders ADD CONSTRAINT orders_discount CHECK (discount IS NOT NULL);
