INSERT INTO users (id, address, name)
VALUES (2000, 'new@example.org', 'New') ON CONFLICT (id) DO UPDATE SET address = EXCLUDED.address;
UPDATE users SET address = 'changed-by-new@example.org' WHERE id = 8;
SELECT id, address, country, name FROM users WHERE address = 'changed-by-new@example.org';
