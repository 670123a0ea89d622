COMMENT ON COLUMN users.nickname IS 'may be empty';
