CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;
ALTER TABLE users SET (fillfactor = 90);
ALTER TABLE users ALTER COLUMN email SET STATISTICS 200, ALTER COLUMN email SET (n_distinct = 5);
CREATE UNIQUE INDEX users_email ON users (email, id);
