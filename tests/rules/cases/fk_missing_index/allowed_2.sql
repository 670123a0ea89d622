CREATE INDEX CONCURRENTLY users_org ON users (org_id);
SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT org FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;
