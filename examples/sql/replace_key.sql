-- Orders are found by product; the new key is built before the rollout.
CREATE UNIQUE INDEX orders_by_product ON orders (product_id, id);
-- zdm: run in contract -- nothing refers to the old key, and no version has ON CONFLICT (id)
ALTER TABLE orders DROP CONSTRAINT orders_pkey;
ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_by_product;
