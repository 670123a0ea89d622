INSERT INTO accounts (email) VALUES ('new@example.org')
ON CONFLICT ON CONSTRAINT users_email_key DO UPDATE SET country = 'fr' RETURNING id, ctid, size;
UPDATE accounts SET country = 'fr' WHERE id = 9;
INSERT INTO orders (user_id) SELECT id FROM accounts WHERE email = 'new@example.org';
SELECT id, email FROM accounts GROUP BY id ORDER BY id LIMIT 1;
SELECT email FROM addresses WHERE id = 9;
SELECT how_many();
