CREATE TABLE t (id bigserial PRIMARY KEY, o text UNIQUE, k int DEFAULT 0);
CREATE UNIQUE INDEX lowered ON t (lower(o)) WHERE k = 0;
CREATE INDEX plain ON t (o, k);
INSERT INTO t (o) SELECT g FROM generate_series(1, 50) AS g;
