ALTER TABLE users RENAME COLUMN nickname TO nick;
ALTER TRIGGER tidy ON users RENAME TO lower_case;
ALTER TABLE users DISABLE TRIGGER lower_case;
