CREATE TABLE notes (id integer PRIMARY KEY, body text, author bigint DEFAULT 1);
ALTER TABLE notes ALTER COLUMN body SET DEFAULT '';
ALTER TABLE notes ALTER COLUMN author DROP DEFAULT;
