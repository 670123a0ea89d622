SET lock_timeout = '2s';
CREATE TABLE t (id bigint PRIMARY KEY, org_id bigint);
ALTER TABLE t ADD FOREIGN KEY (org_id) REFERENCES orgs (id);
