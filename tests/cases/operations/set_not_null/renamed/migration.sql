ALTER TABLE users ADD COLUMN address text;
UPDATE users SET address = email;
CREATE INDEX users_address ON users (address);
ALTER TABLE users ALTER COLUMN address SET NOT NULL;
ALTER TABLE users DROP COLUMN email;
