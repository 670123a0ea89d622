SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN other_org integer REFERENCES orgs;
