CREATE TABLE roles (id integer PRIMARY KEY, name text UNIQUE);
INSERT INTO roles VALUES (1, 'admin');
