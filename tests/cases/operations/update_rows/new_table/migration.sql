CREATE TABLE roles (id integer PRIMARY KEY, name text);
INSERT INTO roles VALUES (1, 'admin'), (2, 'guest');
UPDATE roles SET name = 'visitor' WHERE id = 2;
