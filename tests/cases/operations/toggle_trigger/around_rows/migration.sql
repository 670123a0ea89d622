ALTER TABLE users DISABLE TRIGGER noted;
INSERT INTO users (email) VALUES ('silent@example.org');
ALTER TABLE users ENABLE TRIGGER noted;
