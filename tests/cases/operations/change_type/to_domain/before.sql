CREATE DOMAIN named AS text DEFAULT 'dd';
CREATE TABLE users (id bigint PRIMARY KEY, name text);
INSERT INTO users SELECT g, g FROM generate_series(1, 50) AS g;
