INSERT INTO accounts (email) VALUES ('new@example.org');
