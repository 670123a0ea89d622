BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE users ADD COLUMN x int;
WITH gone AS (DELETE FROM users WHERE name = '' RETURNING id) SELECT count(*) FROM gone;
COMMIT;
