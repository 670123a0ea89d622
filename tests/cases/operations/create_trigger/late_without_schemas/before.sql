CREATE TABLE reserved (name text PRIMARY KEY);
CREATE TABLE packages (id int PRIMARY KEY, name text);
INSERT INTO reserved VALUES ('core');
INSERT INTO packages SELECT i, 'p' || i FROM generate_series(1, 20) AS i;
