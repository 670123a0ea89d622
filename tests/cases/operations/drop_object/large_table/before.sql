CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 20000) AS n;
CREATE SEQUENCE numbers;
ALTER TABLE users ADD COLUMN number bigint DEFAULT nextval('numbers');
ANALYZE users;
