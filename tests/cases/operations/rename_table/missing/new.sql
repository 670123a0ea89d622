SELECT id FROM users;
