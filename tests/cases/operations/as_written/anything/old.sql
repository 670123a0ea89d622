INSERT INTO child VALUES (1, 1, 'x', 'glad') ON CONFLICT (id) DO UPDATE SET x = 'x';
