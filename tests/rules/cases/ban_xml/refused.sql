CREATE TABLE t (a xml);
