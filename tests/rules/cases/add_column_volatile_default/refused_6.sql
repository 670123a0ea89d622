SET lock_timeout = '2s';
CREATE SCHEMA own;
CREATE FUNCTION own.random() RETURNS double precision LANGUAGE sql IMMUTABLE AS 'SELECT 4.0';
ALTER TABLE users ADD COLUMN x double precision DEFAULT random();
