CREATE TABLE roles (id integer PRIMARY KEY, name text UNIQUE, note text, rank integer NOT NULL DEFAULT 1);
INSERT INTO roles VALUES (1, 'admin'), (2, 'guest'), (3, 'reader');
