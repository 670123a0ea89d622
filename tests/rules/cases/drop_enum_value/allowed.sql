DELETE FROM users WHERE name = 'sad';
