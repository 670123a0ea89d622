INSERT INTO accounts (id, email, name) VALUES (2000, 'new@example.org', 'New')
ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email RETURNING id, email;
UPDATE accounts SET name = 'changed by new' WHERE id = 9;
SELECT id, email, name FROM accounts WHERE name = 'changed by new' FOR UPDATE;
