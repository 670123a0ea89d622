BEGIN;
DROP INDEX users_name;
ALTER TABLE users ADD COLUMN nick text;
COMMIT;
