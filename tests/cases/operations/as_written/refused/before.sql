CREATE TABLE users (id bigint PRIMARY KEY, name text);
CREATE TABLE audit (id bigint PRIMARY KEY);
