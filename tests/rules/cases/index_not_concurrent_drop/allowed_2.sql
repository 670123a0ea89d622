CREATE TABLE t (id bigint);
CREATE INDEX t_id ON t (id);
DROP INDEX t_id;
