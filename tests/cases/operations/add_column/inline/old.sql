INSERT INTO orders (total) VALUES (9);
UPDATE orders SET total = 10 WHERE id = 1;
SELECT id, total FROM orders WHERE id = 2;
