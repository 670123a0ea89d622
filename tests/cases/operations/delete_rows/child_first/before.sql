CREATE TABLE folders (id bigint PRIMARY KEY, name text);
CREATE TABLE docs (id bigint PRIMARY KEY, folder_id bigint REFERENCES folders);
CREATE TABLE pages (id bigint PRIMARY KEY, doc_id bigint REFERENCES docs ON DELETE CASCADE);
INSERT INTO folders VALUES (1, 'a'), (2, 'b');
INSERT INTO docs VALUES (1, 1), (2, 2);
INSERT INTO pages VALUES (1, 1), (2, 2);
