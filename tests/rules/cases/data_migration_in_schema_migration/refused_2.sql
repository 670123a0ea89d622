DELETE FROM users WHERE name <> '';
