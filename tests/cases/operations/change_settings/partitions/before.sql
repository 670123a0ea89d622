CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;
CREATE TABLE logs (id bigint, line text) PARTITION BY RANGE (id);
CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM (0) TO (100);
CREATE TABLE logs_new PARTITION OF logs FOR VALUES FROM (100) TO (200);
ALTER TABLE logs_old ALTER COLUMN line SET STATISTICS 7;
