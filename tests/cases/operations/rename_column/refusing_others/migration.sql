ALTER TABLE users ADD COLUMN mail text;
UPDATE users SET mail = email;
CREATE UNIQUE INDEX by_mail ON users (coalesce(mail, ''));
ALTER TABLE users DROP COLUMN email;
ALTER TABLE users RENAME COLUMN number TO team;
