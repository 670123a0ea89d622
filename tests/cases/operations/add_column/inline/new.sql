INSERT INTO orders (total, discount, number, shop) VALUES (9, 1, gen_random_uuid(), 1);
UPDATE orders SET discount = 2 WHERE id = 1;
SELECT id, total, discount, shop FROM orders WHERE id = 2;
