CREATE TABLE tags (id bigint PRIMARY KEY, label text);

ALTER TABLE tags DROP COLUMN label;
