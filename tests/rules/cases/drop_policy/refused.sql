SET lock_timeout = '2s';
DROP POLICY own ON users;
