CREATE TABLE settings (user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE, theme text NOT NULL);
INSERT INTO settings (user_id, theme) SELECT u.id, 'dark' AS colour FROM users AS u WHERE u.active ORDER BY colour;
