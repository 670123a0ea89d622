COMMENT ON COLUMN users.name IS 'as the customer writes it';
