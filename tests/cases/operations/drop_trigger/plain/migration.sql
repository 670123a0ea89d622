DROP TRIGGER noted ON users;
