SET lock_timeout = '2s';
DROP TABLE users;
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE INDEX users_x ON users (id);
