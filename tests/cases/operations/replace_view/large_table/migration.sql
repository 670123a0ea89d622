ALTER TABLE users ADD COLUMN shown text;
UPDATE users SET shown = upper(nickname);
DROP VIEW IF EXISTS named;
CREATE VIEW named AS SELECT id, email, shown FROM users WHERE nickname IS NOT NULL;
