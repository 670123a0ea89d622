ALTER TABLE users ADD CONSTRAINT users_name UNIQUE (name);
