SET lock_timeout = '2s';
CREATE SEQUENCE users_number_seq AS bigint;
ALTER TABLE users ADD COLUMN number bigint;
ALTER TABLE users ALTER COLUMN number SET DEFAULT nextval('users_number_seq');
