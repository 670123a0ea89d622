INSERT INTO orders (id, amount) VALUES (2000, 4) ON CONFLICT (id) DO UPDATE SET amount = 5;
UPDATE orders SET amount = amount + 1 WHERE id = 8;
SELECT id, amount FROM orders WHERE amount > 3;
