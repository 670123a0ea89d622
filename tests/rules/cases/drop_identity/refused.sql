SET lock_timeout = '2s';
ALTER TABLE posts ALTER COLUMN id DROP IDENTITY;
