CREATE TABLE notes (id integer);
COMMENT ON COLUMN notes.id IS 'number';
