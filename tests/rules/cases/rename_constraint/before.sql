CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL CONSTRAINT users_email UNIQUE,
    name text CONSTRAINT users_name CHECK (name <> '')
);
