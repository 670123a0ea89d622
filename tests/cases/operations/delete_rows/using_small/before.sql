CREATE TABLE roles (id integer PRIMARY KEY, name text UNIQUE);
CREATE TABLE grants (id bigint PRIMARY KEY, role_id integer, label text);
INSERT INTO roles VALUES (1, 'admin'), (2, 'guest');
INSERT INTO grants VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 2, 'c');
ANALYZE roles;
ANALYZE grants;
