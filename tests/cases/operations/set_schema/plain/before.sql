DO $$ BEGIN CREATE ROLE case_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE SCHEMA archive;
CREATE TABLE users (id bigserial PRIMARY KEY, email text UNIQUE, city text DEFAULT 'Ulm');
CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));
INSERT INTO users (email) VALUES ('a'), ('b');
GRANT SELECT ON users TO PUBLIC;
GRANT SELECT (id) ON notes TO case_reader;
CREATE VIEW emails AS SELECT email FROM users;
CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM users; END;
