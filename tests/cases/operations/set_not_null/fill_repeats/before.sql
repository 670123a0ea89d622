CREATE TABLE users (id bigint PRIMARY KEY, number integer UNIQUE);
