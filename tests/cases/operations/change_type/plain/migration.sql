ALTER TABLE orders ADD COLUMN amount bigint;

UPDATE orders SET amount = quantity;

ALTER TABLE orders DROP COLUMN quantity;
