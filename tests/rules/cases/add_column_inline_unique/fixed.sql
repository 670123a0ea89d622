SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN code text;
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS users_code_key;
CREATE UNIQUE INDEX CONCURRENTLY users_code_key ON users (code);
SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT users_code_key UNIQUE USING INDEX users_code_key;
