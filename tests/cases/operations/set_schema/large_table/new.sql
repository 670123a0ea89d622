INSERT INTO shop.users (id, email, name) VALUES (20000, 'new@example.org', 'New')
ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email RETURNING id, email;
SELECT id, email, name FROM shop.users WHERE name = 'changed by new' FOR UPDATE;
