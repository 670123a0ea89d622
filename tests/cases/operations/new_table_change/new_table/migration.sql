CREATE TABLE draft (id integer PRIMARY KEY);
ALTER TABLE draft RENAME TO notes;
ALTER TABLE notes ADD COLUMN body text;
