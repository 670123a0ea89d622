INSERT INTO orders (total, discount) VALUES (9, 1);
UPDATE orders SET total = 10 WHERE id = 1;
SELECT id, total, state FROM orders WHERE id = 2;
