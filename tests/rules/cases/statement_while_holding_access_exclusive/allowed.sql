BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE orgs ADD COLUMN x int;
CREATE TABLE t (a int);
CREATE INDEX t_a ON t (a);
COMMIT;
