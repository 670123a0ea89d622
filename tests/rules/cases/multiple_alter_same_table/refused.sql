ALTER TABLE users ALTER COLUMN id TYPE numeric;
ALTER TABLE users ALTER COLUMN org_id TYPE numeric;
