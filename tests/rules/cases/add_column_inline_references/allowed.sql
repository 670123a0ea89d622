SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN main_org bigint REFERENCES orgs (id);
