-- With its COLLATE the change of type keeps the indexes; without an index it changes the catalog.
CREATE TABLE t (id int PRIMARY KEY, a varchar(9) COLLATE "C", b varchar(9) COLLATE "C");
CREATE INDEX ON t (a);
INSERT INTO t SELECT g, g, g FROM generate_series(1, 50) AS g;
