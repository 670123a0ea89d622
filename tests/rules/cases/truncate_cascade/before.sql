CREATE TABLE orgs (id bigint PRIMARY KEY);
CREATE TABLE users (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL,
    email varchar(50) NOT NULL,
    name text
);
CREATE TABLE notes (id bigint PRIMARY KEY);
CREATE TABLE marks (user_id bigint REFERENCES users (id));
