INSERT INTO users (id, at, other) VALUES (2000, '(,)', '(,b)') ON CONFLICT (id) DO UPDATE SET at = '(1,)';
