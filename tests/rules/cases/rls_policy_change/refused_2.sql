SET lock_timeout = '2s';
CREATE POLICY own ON users USING (true);
