CREATE TABLE t (a char(3));
