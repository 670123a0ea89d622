SELECT app.md5(name) FROM users;
