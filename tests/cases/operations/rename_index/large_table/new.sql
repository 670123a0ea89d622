INSERT INTO users (id, email) SELECT max(id) + 1, 'more@example.org' FROM users;
SELECT id, email FROM users WHERE lower(name) = 'user 2';
