CREATE TABLE tags (id bigint PRIMARY KEY, label text);

ALTER TABLE tags RENAME COLUMN label TO name;
