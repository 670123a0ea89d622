UPDATE users SET name = 'changed by old' WHERE id = 7;
INSERT INTO sessions (user_id, token) VALUES (7, 't');
SELECT user_id FROM sessions WHERE token = 't';
DELETE FROM sessions WHERE token = 't';
