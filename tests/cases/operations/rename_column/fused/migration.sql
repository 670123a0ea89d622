ALTER TABLE users ADD COLUMN new_email text;

UPDATE users SET new_email = email;

ALTER TABLE users DROP COLUMN email;
