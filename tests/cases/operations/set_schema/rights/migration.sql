ALTER TABLE users SET SCHEMA archive;
ALTER FUNCTION twice(integer) SET SCHEMA archive;
