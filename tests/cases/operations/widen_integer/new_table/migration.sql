CREATE TABLE tags (id integer PRIMARY KEY, note_id integer REFERENCES notes (id));
ALTER TABLE tags ALTER COLUMN id TYPE bigint;
