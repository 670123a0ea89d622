ALTER TABLE orders ADD COLUMN total numeric(12, 2);

-- zdm: reverse cents = round(total * 100)
UPDATE orders SET total = cents / 100.0;

ALTER TABLE orders ALTER COLUMN total SET DEFAULT 0;

ALTER TABLE orders DROP COLUMN cents;
