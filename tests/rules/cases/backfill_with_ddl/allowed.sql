BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE users ADD COLUMN x int;
INSERT INTO orgs (id) VALUES (1);
COMMIT;
