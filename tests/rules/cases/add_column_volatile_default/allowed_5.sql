SET lock_timeout = '2s';
CREATE SCHEMA own;
CREATE FUNCTION own.four() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 4';
ALTER TABLE users ADD COLUMN x int DEFAULT own.four();
ALTER TABLE users ADD COLUMN y text DEFAULT pg_catalog.md5('x');
