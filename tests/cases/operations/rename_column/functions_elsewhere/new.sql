INSERT INTO users (id, mail) VALUES (2000, 'new') ON CONFLICT (id) DO UPDATE SET mail = 'newer';
SELECT id, mail FROM users;
