UPDATE users SET email = 'old@example.org' WHERE id = 1;
SELECT theme FROM settings WHERE user_id = 1;
