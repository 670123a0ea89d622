INSERT INTO users (id, at, other) VALUES (1000, NULL, '(1,)') ON CONFLICT (id) DO UPDATE SET at = '(1,)';
