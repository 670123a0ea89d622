INSERT INTO users (id, email) SELECT max(id) + 1000, 'new@example.org' FROM users;
INSERT INTO notes (body) VALUES ('new');
