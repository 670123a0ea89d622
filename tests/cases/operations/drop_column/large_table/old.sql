INSERT INTO users (id, name, nickname) VALUES (1000, 'Old', 'o') ON CONFLICT (id) DO UPDATE SET nickname = 'oo';
SELECT id, name, nickname FROM users;
