CREATE TABLE roles (id integer PRIMARY KEY, name text UNIQUE, note text, rank integer NOT NULL DEFAULT 1);
INSERT INTO roles VALUES (1, 'admin'), (2, 'guest'), (3, 'reader');
CREATE TABLE members (id bigint PRIMARY KEY, role_id integer REFERENCES roles, role_name text);
INSERT INTO members VALUES (1, 1), (2, 2), (3, 2), (4, NULL);
ANALYZE roles;
ANALYZE members;
