SET lock_timeout = '2s';
SET application_name = 'migration';
ALTER TABLE users ADD COLUMN city text;
