-- Prices become whole cents. The way back lets the old version write during the rollout.
ALTER TABLE products ADD COLUMN price_cents bigint;
-- zdm: reverse price = price_cents / 100.0
UPDATE products SET price_cents = (price * 100)::bigint;
ALTER TABLE products DROP COLUMN price;
