CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
CREATE TABLE staff () INHERITS (users);
ALTER TABLE users ADD CONSTRAINT users_name_check CHECK (name <> '') NOT VALID;
