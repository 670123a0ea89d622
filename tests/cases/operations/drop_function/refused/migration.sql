DROP FUNCTION stamp();
DROP FUNCTION mark();
DROP FUNCTION twice;
DROP FUNCTION extra CASCADE;
DROP FUNCTION no_such_function(integer);
DROP FUNCTION twice(integer), twice(text);
DROP FUNCTION label;
CREATE FUNCTION label(wanted bigint, mark text DEFAULT '#', ending text DEFAULT '') RETURNS text
LANGUAGE sql AS 'SELECT ending';
