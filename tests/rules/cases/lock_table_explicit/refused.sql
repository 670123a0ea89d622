BEGIN;
SET LOCAL lock_timeout = '2s';
LOCK TABLE users;
COMMIT;
