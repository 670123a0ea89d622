SELECT fix(name) FROM users;
