INSERT INTO users (id) VALUES (2000);
INSERT INTO users (id, mail) VALUES (2001, 'new');
UPDATE users SET mail = NULL WHERE id = 2001;
DELETE FROM users WHERE id IN (2000, 2001);
