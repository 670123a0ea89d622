BEGIN;
SET LOCAL lock_timeout = '2s';
SET LOCAL transaction_timeout = '10s';
ALTER TABLE users ADD COLUMN city text;
COMMIT;
