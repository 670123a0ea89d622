DROP FUNCTION stamp();
DROP FUNCTION mark();
DROP FUNCTION twice;
DROP FUNCTION extra CASCADE;
DROP FUNCTION no_such_function(integer);
DROP FUNCTION twice(integer), twice(text);
DROP FUNCTION label;
CREATE FUNCTION label(mark text, wanted bigint DEFAULT 1, ending text DEFAULT '') RETURNS text
LANGUAGE sql AS 'SELECT ending';
