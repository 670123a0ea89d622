CREATE TABLE roles (id integer PRIMARY KEY, name text NOT NULL UNIQUE, note text);
CREATE TABLE rights (id bigserial PRIMARY KEY, role_id integer NOT NULL REFERENCES roles, word text NOT NULL, UNIQUE (role_id, word));
INSERT INTO roles VALUES (1, 'admin'), (2, 'guest'), (3, 'reader');
INSERT INTO rights (role_id, word) VALUES (1, 'read');
ANALYZE roles;
