ALTER TABLE users ADD COLUMN main_org bigint DEFAULT 1 REFERENCES orgs (id);
