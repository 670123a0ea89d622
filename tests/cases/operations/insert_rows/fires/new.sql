INSERT INTO users (email) VALUES ('u' || gen_random_uuid());
UPDATE users SET email = 'x' WHERE id = 1;
SELECT id, email FROM users WHERE id = 2;
