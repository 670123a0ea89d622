CREATE TABLE notes (id bigint PRIMARY KEY, body text CONSTRAINT b CHECK (body <> ''));
ALTER TABLE notes DROP CONSTRAINT b;
