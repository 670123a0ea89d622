SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN who text DEFAULT current_user;
