SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT org FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;
