INSERT INTO orders (id, total) VALUES (2000, 1.25) ON CONFLICT (id) DO UPDATE SET total = 1.50;
UPDATE orders SET total = total + 0.01 WHERE id = 8;
SELECT id, total FROM orders WHERE total > 1;
