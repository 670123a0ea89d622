ALTER TABLE orders ADD COLUMN buyer text;
UPDATE orders SET buyer = customer;
ALTER TABLE orders ALTER COLUMN buyer SET NOT NULL;
ALTER TABLE orders ALTER COLUMN customer DROP NOT NULL;
