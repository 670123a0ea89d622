INSERT INTO orders (id, quantity) VALUES (1000, 4) ON CONFLICT (id) DO UPDATE SET quantity = 5;
UPDATE orders SET quantity = quantity + 1 WHERE id = 7;
SELECT id, quantity FROM orders WHERE quantity > 3;
