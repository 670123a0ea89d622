CREATE TABLE roles (id integer PRIMARY KEY, name text);
INSERT INTO roles VALUES (1, 'admin');
INSERT INTO roles SELECT id + 1, name FROM roles;
