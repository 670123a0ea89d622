CREATE TABLE orgs (id bigint PRIMARY KEY);
CREATE TABLE users (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL,
    email varchar(50) NOT NULL,
    name text
);
CREATE TABLE logs (id bigint NOT NULL);
CREATE UNIQUE INDEX logs_id ON logs (id);
CREATE TABLE events (id bigint NOT NULL);
