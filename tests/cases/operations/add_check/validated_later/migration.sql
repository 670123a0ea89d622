ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0) NOT VALID;
COMMENT ON TABLE orders IS 'sold';
ALTER TABLE orders VALIDATE CONSTRAINT orders_total;
