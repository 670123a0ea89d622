INSERT INTO users (email) VALUES ('more@example.org');
SELECT id, email FROM users WHERE id = 2;
INSERT INTO notes SELECT coalesce(max(n.id), 0) + 1, max(u.id) FROM users AS u, notes AS n;
DELETE FROM users WHERE id = (SELECT max(id) FROM users);
UPDATE mails SET email = 'other@example.org' WHERE id = 3;
