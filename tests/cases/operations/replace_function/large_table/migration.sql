ALTER TABLE users ADD COLUMN shown text;
UPDATE users SET shown = upper(email);
CREATE OR REPLACE FUNCTION label(wanted bigint, mark text DEFAULT '#') RETURNS text
LANGUAGE plpgsql STABLE AS 'BEGIN RETURN mark || (SELECT shown FROM users WHERE id = wanted); END';
