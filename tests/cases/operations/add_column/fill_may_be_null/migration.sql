ALTER TABLE users ADD COLUMN mail text;
UPDATE users SET mail = lower(email);
ALTER TABLE users ALTER COLUMN mail SET NOT NULL;
