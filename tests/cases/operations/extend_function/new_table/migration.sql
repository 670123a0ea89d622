CREATE TABLE nicknames (id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO nicknames VALUES (2, 'two');
DROP FUNCTION label;
CREATE FUNCTION label(wanted bigint, mark text DEFAULT '#', short boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql STABLE
AS 'BEGIN
  RETURN mark || CASE WHEN short THEN (SELECT name FROM nicknames WHERE id = wanted) ELSE (SELECT email FROM users WHERE id = wanted) END;
END';
