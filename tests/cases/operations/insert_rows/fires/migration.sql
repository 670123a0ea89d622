INSERT INTO users (email) VALUES ('support@example.org');
