INSERT INTO orders (id, total) VALUES (2000, 1.555) ON CONFLICT (id) DO UPDATE SET total = 1.555;
