SET lock_timeout = '2s';
ALTER TRIGGER a ON users RENAME TO b;
