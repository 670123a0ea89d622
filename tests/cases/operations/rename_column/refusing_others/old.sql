INSERT INTO users (id, email, area, number) VALUES (1000, 'old', 1, 1) ON CONFLICT (id) DO UPDATE SET email = 'older';
SELECT id, email, number FROM users;
