DROP TRIGGER no_such_trigger ON users;
DROP TRIGGER noted ON orders_1;
DROP TRIGGER noted ON users;
UPDATE users SET nickname = upper(nickname);
INSERT INTO users (email) VALUES ('silent@example.org');
