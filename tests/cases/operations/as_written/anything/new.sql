INSERT INTO child VALUES (2, 1, 'y', 'sad') ON CONFLICT (id) DO UPDATE SET x = 'y';
