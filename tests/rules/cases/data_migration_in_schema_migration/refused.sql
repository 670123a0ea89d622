UPDATE users SET name = '' WHERE name <> '';
