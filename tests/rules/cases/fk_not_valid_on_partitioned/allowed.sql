SET lock_timeout = '2s';
ALTER TABLE parts_1 ADD FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;
