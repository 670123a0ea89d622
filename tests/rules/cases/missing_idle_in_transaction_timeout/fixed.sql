BEGIN;
SET LOCAL lock_timeout = '2s';
SET LOCAL idle_in_transaction_session_timeout = '10s';
ALTER TABLE users ADD COLUMN city text;
COMMIT;
