CREATE TABLE more (id bigint PRIMARY KEY);
ALTER TABLE people RENAME TO persons;
CREATE VIEW most AS SELECT id FROM more;
