-- ALTER TABLE changes the tables that inherit along with it, under the same lock.
CREATE TABLE par (id bigint PRIMARY KEY, a text NOT NULL);
CREATE TABLE chi (x int) INHERITS (par);
CREATE TABLE grand (y int) INHERITS (chi);
INSERT INTO par SELECT g, 'x' FROM generate_series(1, 50) AS g;
INSERT INTO chi SELECT g, 'x' FROM generate_series(51, 90) AS g;
