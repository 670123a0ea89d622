SET lock_timeout = '2s';
ALTER TABLE levels ALTER COLUMN n SET DEFAULT 2;
