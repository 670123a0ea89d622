CREATE TABLE orgs (id bigint PRIMARY KEY);
CREATE TABLE users (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL,
    email varchar(50) NOT NULL,
    name text
);
CREATE TABLE sizes (a int, s int GENERATED ALWAYS AS (a + 1) STORED, v int GENERATED ALWAYS AS (a + 1) VIRTUAL);
