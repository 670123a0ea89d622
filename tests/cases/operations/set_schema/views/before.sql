CREATE SCHEMA shown;
CREATE TABLE users (id bigint PRIMARY KEY, email text, city text DEFAULT 'Ulm');
INSERT INTO users VALUES (1, 'a', 'Ulm'), (2, 'b', 'Bonn');
CREATE VIEW people AS SELECT id, email FROM users WHERE email IS NOT NULL WITH CHECK OPTION;
CREATE VIEW above AS SELECT id FROM people;
CREATE MATERIALIZED VIEW seen AS SELECT id FROM users;
CREATE UNIQUE INDEX seen_id ON seen (id);
