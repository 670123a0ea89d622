SET lock_timeout = '2s';
ALTER TABLE logs ADD COLUMN id bigint;
