ALTER TABLE users ADD COLUMN shown text;
UPDATE users SET shown = upper(email);
DROP FUNCTION IF EXISTS label(bigint, text);
CREATE OR REPLACE FUNCTION label(wanted bigint, mark text DEFAULT '#', short boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql STABLE
AS 'BEGIN
  RETURN mark || (SELECT CASE WHEN short THEN shown ELSE email END FROM users WHERE id = wanted);
END';
