SET lock_timeout = '2s';
CREATE SEQUENCE users_number_seq AS bigint;
GRANT USAGE ON SEQUENCE users_number_seq TO app;
ALTER TABLE users ADD COLUMN number bigint;
ALTER TABLE users ALTER COLUMN number SET DEFAULT nextval('users_number_seq');
