COMMENT ON TABLE users IS 'people';
COMMENT ON COLUMN users.email IS 'where we write''s';
COMMENT ON INDEX users_pkey IS 'by id';
COMMENT ON CONSTRAINT users_pkey ON users IS NULL;
