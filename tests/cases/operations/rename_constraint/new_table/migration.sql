CREATE TABLE notes (id bigint PRIMARY KEY);
ALTER TABLE notes RENAME CONSTRAINT notes_pkey TO pk;
