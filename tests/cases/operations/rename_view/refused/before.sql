CREATE TABLE users (id bigint PRIMARY KEY, email text, city text DEFAULT 'Ulm');
INSERT INTO users VALUES (1, 'a', 'Ulm'), (2, 'b', 'Bonn');
CREATE VIEW people AS SELECT id, email FROM users;
CREATE VIEW ruled AS SELECT id FROM users;
CREATE RULE r AS ON DELETE TO ruled DO INSTEAD NOTHING;
CREATE VIEW rows AS SELECT id FROM users;
CREATE FUNCTION of_row(r rows) RETURNS bigint LANGUAGE sql AS 'SELECT r.id';
