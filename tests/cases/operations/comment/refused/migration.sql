COMMENT ON COLUMN users.missing IS 'x';
