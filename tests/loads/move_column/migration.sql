CREATE TABLE profiles (
    user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    bio text
);
INSERT INTO profiles (user_id, name, bio) SELECT id, name, bio FROM users;
ALTER TABLE users DROP COLUMN name, DROP COLUMN bio;
GRANT SELECT, INSERT, UPDATE, DELETE ON profiles TO load_app;
