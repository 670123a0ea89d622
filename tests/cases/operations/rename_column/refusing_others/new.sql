INSERT INTO users (id, mail, area, team) VALUES (2000, 'new', 1, 1);
INSERT INTO users (id, mail, area, team) VALUES (2001, 'new too', 1, 1);
UPDATE users SET team = 2 WHERE id = 2001;
SELECT id, mail, team FROM users;
DELETE FROM users WHERE id IN (2000, 2001);
