ALTER TRIGGER tidy ON users RENAME TO "users Tidy";
ALTER POLICY everyone ON users RENAME TO anybody;
ALTER TABLE users ADD COLUMN city text;
