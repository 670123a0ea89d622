SELECT email_of(1), email FROM users WHERE id = 1;
UPDATE users SET email = 'old' WHERE id = 2;
