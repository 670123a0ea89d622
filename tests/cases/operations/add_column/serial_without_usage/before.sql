DO $$ BEGIN CREATE ROLE zdm_reader; EXCEPTION WHEN duplicate_object THEN END $$;
CREATE TABLE users (id bigint PRIMARY KEY, email text);
GRANT SELECT, INSERT ON users TO zdm_reader;
