CREATE TABLE orgs (id bigint PRIMARY KEY);
CREATE TABLE users (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL,
    email varchar(50) NOT NULL,
    name text
);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE UNIQUE INDEX users_some ON users (email) WHERE name IS NULL;
CREATE UNIQUE INDEX users_desc ON users (email DESC);
CREATE UNIQUE INDEX users_lower ON users (lower(email));
CREATE INDEX users_plain ON users (email);
CREATE TABLE parts (n int NOT NULL) PARTITION BY RANGE (n);
CREATE UNIQUE INDEX parts_n ON parts (n);
