-- Without COLLATE the column gets its type's collation, and its index is built again.
CREATE TABLE t (id int PRIMARY KEY, a varchar(9) COLLATE "C");
CREATE INDEX ON t (a);
