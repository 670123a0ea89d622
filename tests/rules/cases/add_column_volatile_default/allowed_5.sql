SET lock_timeout = '2s';
CREATE SCHEMA app;
CREATE FUNCTION app.four() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 4';
ALTER TABLE users ADD COLUMN x int DEFAULT app.four();
ALTER TABLE users ADD COLUMN y text DEFAULT pg_catalog.md5('x');
