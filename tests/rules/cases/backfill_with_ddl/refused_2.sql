BEGIN;
SET LOCAL lock_timeout = '2s';
DELETE FROM users WHERE name IS NULL;
ALTER TABLE users ADD COLUMN x int;
COMMIT;
