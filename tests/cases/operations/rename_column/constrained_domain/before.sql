-- ADD COLUMN of a domain with constraints rewrites the table.
CREATE DOMAIN email_address AS text NOT NULL CHECK (VALUE LIKE '%@%');
CREATE TABLE users (id bigint PRIMARY KEY, email email_address);
INSERT INTO users SELECT g, g || '@example.org' FROM generate_series(1, 50) AS g;
