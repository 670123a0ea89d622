CREATE TABLE orgs (id bigint PRIMARY KEY);
CREATE TABLE users (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL,
    email varchar(50) NOT NULL,
    name text
);
CREATE INDEX users_name ON users (name);
CREATE TABLE parts (n int) PARTITION BY RANGE (n);
CREATE INDEX parts_n ON parts (n);
