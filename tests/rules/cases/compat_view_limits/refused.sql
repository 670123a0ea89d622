BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE users RENAME TO people;
CREATE VIEW users AS SELECT * FROM people;
COMMIT;
