-- A partitioned table that references itself.
CREATE TABLE folders (id bigint PRIMARY KEY, parent_id bigint) PARTITION BY RANGE (id);
CREATE TABLE folders_1 PARTITION OF folders FOR VALUES FROM (MINVALUE) TO (100);
CREATE TABLE folders_2 PARTITION OF folders DEFAULT;
CREATE INDEX ON folders (parent_id);
INSERT INTO folders SELECT n, greatest(n - 1, 1) FROM generate_series(1, 30) AS n;
