CREATE TABLE roles (id integer PRIMARY KEY, name text UNIQUE, note text, rank integer NOT NULL DEFAULT 1);
INSERT INTO roles VALUES (1, 'admin'), (2, 'guest'), (3, 'reader');
CREATE TABLE members (id bigint PRIMARY KEY, role_id integer REFERENCES roles, total integer GENERATED ALWAYS AS (role_id * 2) STORED);
