SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN x int;
ALTER TABLE orgs ADD COLUMN x int;
