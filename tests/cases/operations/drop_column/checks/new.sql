INSERT INTO users (id, phone) VALUES (2000, NULL), (2001, NULL);
UPDATE users SET died = 1800 WHERE id = 1;
SELECT id, phone, died FROM users;
UPDATE users SET died = 1980 WHERE id = 1;
DELETE FROM users WHERE id IN (2000, 2001);
