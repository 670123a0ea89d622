INSERT INTO users (id, name) VALUES (1000, 'short') ON CONFLICT (id) DO UPDATE SET name = 'shorter';
SELECT id, name FROM users WHERE name = 'shorter';
