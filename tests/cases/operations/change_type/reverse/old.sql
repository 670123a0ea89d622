INSERT INTO orders (id, cents) VALUES (1000, 125) ON CONFLICT (id) DO UPDATE SET cents = 150;
UPDATE orders SET cents = cents + 1 WHERE id = 7;
SELECT id, cents FROM orders WHERE cents > 100;
