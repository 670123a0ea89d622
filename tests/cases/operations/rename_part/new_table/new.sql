INSERT INTO users (email) VALUES ('more@example.org');
SELECT id, email FROM users WHERE id = 2;
INSERT INTO notes (email) VALUES ('X');
