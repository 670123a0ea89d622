CREATE TABLE users (id bigint PRIMARY KEY, name varchar(20) NOT NULL);
CREATE INDEX users_name ON users (name);
INSERT INTO users (id, name) SELECT n, 'User ' || n FROM generate_series(1, 500) AS n;
