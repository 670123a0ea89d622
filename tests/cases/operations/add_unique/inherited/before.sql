-- Rows of the child do not count.
CREATE TABLE users (id bigserial PRIMARY KEY, email text, nickname text, tenant int NOT NULL DEFAULT 1);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;
CREATE TABLE staff () INHERITS (users);
INSERT INTO staff (email) SELECT email FROM users;
