CREATE TABLE t (a hstore);
