SET lock_timeout = '2s';
ALTER TABLE users ALTER CONSTRAINT org_fk ENFORCED;
