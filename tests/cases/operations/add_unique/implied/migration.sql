ALTER TABLE users ADD CONSTRAINT wide UNIQUE (email, tenant);
