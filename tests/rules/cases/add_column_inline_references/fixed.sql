SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN main_org bigint DEFAULT 1;
ALTER TABLE users ADD CONSTRAINT main_org_fk FOREIGN KEY (main_org) REFERENCES orgs (id) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT main_org_fk;
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY users_main_org ON users (main_org);
