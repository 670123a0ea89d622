BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE orgs ADD COLUMN x int;
CREATE INDEX users_name ON users (name);
COMMIT;
