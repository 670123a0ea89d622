SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN x timestamptz DEFAULT public.now();
