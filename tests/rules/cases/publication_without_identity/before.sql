CREATE TABLE users (id bigint PRIMARY KEY, name text);
CREATE TABLE log (id bigint NOT NULL, line text);
