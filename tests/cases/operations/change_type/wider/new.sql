INSERT INTO users (id, name) VALUES (2000, repeat('long', 5)) ON CONFLICT (id) DO NOTHING;
SELECT id, name FROM users WHERE name = 'shorter';
