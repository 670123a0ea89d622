SET lock_timeout = '2s';
ALTER TABLE parts ADD FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;
