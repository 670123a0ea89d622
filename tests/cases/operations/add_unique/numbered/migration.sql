ALTER TABLE users ADD COLUMN number bigserial;
ALTER TABLE users ADD UNIQUE (number);
