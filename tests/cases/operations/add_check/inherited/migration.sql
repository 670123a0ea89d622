ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0);
ALTER TABLE orders ADD CONSTRAINT orders_alone CHECK (total > 0) NO INHERIT;
