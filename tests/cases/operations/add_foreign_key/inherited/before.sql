-- Rows of a child of the referenced table do not count, and a child of its own is left alone.
CREATE TABLE people (id bigint PRIMARY KEY);
CREATE TABLE staff () INHERITS (people);
CREATE TABLE notes (id bigint PRIMARY KEY, person_id bigint);
CREATE TABLE memos () INHERITS (notes);
CREATE INDEX ON notes (person_id);
INSERT INTO people SELECT n FROM generate_series(1, 10) AS n;
INSERT INTO notes SELECT n, n FROM generate_series(1, 10) AS n;
INSERT INTO memos VALUES (11, 99);
