-- Orders remember who recommended the product; the old version does not write that yet.
ALTER TABLE orders ADD COLUMN recommended_by integer;
CREATE INDEX ix_orders_recommended_by ON orders (recommended_by);
ALTER TABLE orders ADD CONSTRAINT orders_recommended_by_fkey
  FOREIGN KEY (recommended_by) REFERENCES users (id) ON DELETE SET NULL;
