INSERT INTO users (email, nickname) VALUES ('new@example.org', 'n');
