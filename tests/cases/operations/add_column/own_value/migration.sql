ALTER TABLE orders ADD COLUMN mail bigint;
UPDATE orders SET mail = coalesce(code, 0);
ALTER TABLE orders ALTER COLUMN mail SET NOT NULL;
