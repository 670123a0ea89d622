CREATE TABLE t (a money);
