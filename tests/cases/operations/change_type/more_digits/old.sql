INSERT INTO orders (id, total) VALUES (1000, 1.50) ON CONFLICT (id) DO UPDATE SET total = 2.50;
