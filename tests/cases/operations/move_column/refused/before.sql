CREATE DOMAIN code AS text NOT NULL;
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL UNIQUE,
    state text NOT NULL DEFAULT 'new',
    bio text,
    photo text,
    code code
);
CREATE VIEW photos AS SELECT photo FROM users;
