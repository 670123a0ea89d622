CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
CREATE VIEW addresses AS SELECT id, email FROM users;
