CREATE TABLE orgs (id bigint PRIMARY KEY);
CREATE TABLE users (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL,
    email varchar(50) NOT NULL,
    name text
);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN short AS text;
