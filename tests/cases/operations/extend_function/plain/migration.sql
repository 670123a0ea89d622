DROP FUNCTION label(bigint, text);
CREATE FUNCTION label(wanted bigint, mark text DEFAULT '@', short boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql STABLE
AS 'BEGIN
  RETURN mark || (SELECT CASE WHEN short THEN split_part(email, ''@'', 1) ELSE email END FROM users WHERE id = wanted);
END';
