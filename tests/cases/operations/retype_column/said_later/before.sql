CREATE TABLE t (id integer PRIMARY KEY, price numeric(8,2), total numeric(8,2));
INSERT INTO t SELECT n, n, n FROM generate_series(1, 30) AS n;
