DELETE FROM users WHERE id IN (7, 8);
