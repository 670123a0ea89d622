BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER SEQUENCE numbers CACHE 10;
ALTER TABLE users ADD COLUMN city text;
COMMIT;
