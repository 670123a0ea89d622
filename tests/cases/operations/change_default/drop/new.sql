INSERT INTO users (email, state, nickname) VALUES ('new@example.org', 'known', NULL);
