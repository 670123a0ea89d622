-- From 18 on the constraint has a name and may have a comment: undo gives both back.
CREATE TABLE users (id bigint PRIMARY KEY, email text CONSTRAINT must_have_email NOT NULL, name text);
INSERT INTO users SELECT i, 'u' || i || '@example.org', 'User ' || i FROM generate_series(1, 100) AS i;
