INSERT INTO users (email, language) VALUES ('new@example.org', 'nl');
