DROP FUNCTION short(text);
CREATE FUNCTION short(email text, at integer DEFAULT 1) RETURNS text LANGUAGE sql IMMUTABLE
AS 'SELECT split_part(email, ''@'', at)';
DROP FUNCTION granted(integer);
CREATE FUNCTION granted(n integer, more integer DEFAULT 0) RETURNS integer LANGUAGE sql AS 'SELECT n';
DROP FUNCTION checked(text);
CREATE FUNCTION checked(n text, often integer DEFAULT 0) RETURNS text LANGUAGE plpgsql
AS 'BEGIN IF n = '''' THEN RAISE EXCEPTION ''empty''; END IF; RETURN n; END';
CREATE OR REPLACE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * n';
DROP FUNCTION twice(integer);
CREATE FUNCTION twice(n integer, often integer DEFAULT 2) RETURNS integer LANGUAGE sql AS 'SELECT n * often';
