SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN city text DEFAULT '';
ALTER TABLE users ADD CONSTRAINT cities CHECK (city IS NOT NULL) NOT VALID;
