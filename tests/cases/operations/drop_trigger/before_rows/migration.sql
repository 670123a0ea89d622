DROP TRIGGER noted ON users;
UPDATE users SET nickname = upper(nickname);
INSERT INTO users (email) VALUES ('silent@example.org');
