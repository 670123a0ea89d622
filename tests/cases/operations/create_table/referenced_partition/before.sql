-- A foreign key references the parent: it is locked, too, and the undo detaches first.
CREATE TABLE pt (id int, r int NOT NULL, PRIMARY KEY (id, r)) PARTITION BY RANGE (r);
CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (100);
CREATE TABLE rf (x int, y int, FOREIGN KEY (x, y) REFERENCES pt (id, r));
