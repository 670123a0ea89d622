INSERT INTO users (id, name) VALUES (2000, 'New') ON CONFLICT (id) DO UPDATE SET name = 'Newer';
SELECT id, name FROM users;
