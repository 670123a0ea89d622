CREATE TABLE orgs (id bigint PRIMARY KEY);
CREATE TABLE users (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL,
    email varchar(50) NOT NULL,
    name text
);
CREATE TABLE parts (n int, org_id bigint) PARTITION BY RANGE (n);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE INDEX parts_org ON parts (org_id);
