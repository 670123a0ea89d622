SET lock_timeout = '2s';
DROP RULE quiet ON users;
