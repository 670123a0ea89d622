CREATE TABLE notes (id integer PRIMARY KEY);
ALTER TABLE notes ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();
