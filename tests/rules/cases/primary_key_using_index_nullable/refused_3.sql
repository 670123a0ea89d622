SET lock_timeout = '2s';
ALTER TABLE away ADD PRIMARY KEY USING INDEX away_key;
