CREATE TABLE users (id bigint PRIMARY KEY, email text, city text DEFAULT 'Ulm');
INSERT INTO users VALUES (1, 'a', 'Ulm'), (2, 'b', 'Bonn');
CREATE VIEW people AS SELECT id, email FROM users;
