CREATE TABLE roles (id serial PRIMARY KEY, name text NOT NULL);
INSERT INTO roles (name) VALUES ('admin'), ('editor');
