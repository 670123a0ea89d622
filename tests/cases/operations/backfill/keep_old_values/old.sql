UPDATE users SET email = 'Changed@example.org' WHERE id = 1;
INSERT INTO users (email) SELECT 'New@example.org' WHERE NOT EXISTS (SELECT FROM users WHERE lower(email) = 'new@example.org');
