CREATE TABLE a (user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE, bio text);
INSERT INTO a SELECT id, bio FROM users;
CREATE TABLE b (user_id bigint PRIMARY KEY REFERENCES users, state text NOT NULL, at timestamptz DEFAULT now(), UNIQUE (state));
INSERT INTO b SELECT id, state FROM users;
CREATE TABLE c (user_id int PRIMARY KEY, email varchar(10) NOT NULL, code code, photo text);
INSERT INTO c SELECT id, email, code, photo FROM users WHERE photo IS NOT NULL;
ALTER TABLE users DROP COLUMN bio, DROP COLUMN state, DROP COLUMN email, DROP COLUMN code, DROP COLUMN photo;
