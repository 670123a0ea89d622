ALTER TABLE users ALTER COLUMN id TYPE numeric, ALTER COLUMN org_id TYPE numeric;
