UPDATE users SET bio = 'old' WHERE id = 1;
UPDATE users SET bio = NULL WHERE id = 2;
