INSERT INTO users (email) VALUES ('bot@example.org');
