CREATE TABLE notes (id bigint PRIMARY KEY, body text UNIQUE);
ALTER TABLE notes ADD UNIQUE (id, body);
