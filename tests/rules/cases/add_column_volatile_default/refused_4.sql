SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN x text DEFAULT app.md5('x');
