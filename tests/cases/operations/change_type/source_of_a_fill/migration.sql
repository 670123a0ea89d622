ALTER TABLE users ADD COLUMN upper_name text;
UPDATE users SET upper_name = upper(name);
ALTER TABLE users ALTER COLUMN upper_name SET NOT NULL;
ALTER TABLE users ALTER COLUMN name TYPE text;
