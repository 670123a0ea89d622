DO $$ BEGIN CREATE ROLE case_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE case_writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE SCHEMA archive;
CREATE TABLE users (id bigint PRIMARY KEY, email text);
GRANT SELECT ON users TO case_reader;
GRANT UPDATE (email) ON users TO case_writer;
GRANT USAGE ON SCHEMA archive TO case_writer;
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2';
