CREATE TABLE nicknames (id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO nicknames VALUES (2, 'two');
CREATE OR REPLACE FUNCTION label(wanted bigint, mark text DEFAULT '#') RETURNS text
LANGUAGE plpgsql STABLE AS 'BEGIN RETURN mark || (SELECT name FROM nicknames WHERE id = wanted); END';
