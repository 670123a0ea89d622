INSERT INTO users (email, status) VALUES ('new@example.org', 'new');
