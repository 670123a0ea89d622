CREATE TABLE tags (id bigint PRIMARY KEY, label text);

ALTER TABLE tags ALTER COLUMN label TYPE integer USING length(label);
