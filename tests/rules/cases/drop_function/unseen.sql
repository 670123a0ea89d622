CREATE FUNCTION total(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
