INSERT INTO users (email, nickname) VALUES ('old@example.org', 'o');
