INSERT INTO orders (id, code) VALUES (1000, 1) ON CONFLICT (id) DO UPDATE SET code = orders.code + 1;
UPDATE orders SET code = code + 100 WHERE id = 7;
