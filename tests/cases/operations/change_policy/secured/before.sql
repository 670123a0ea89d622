CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;
CREATE POLICY kept ON users USING (id > 0);
CREATE POLICY other ON users USING (id > 5);
CREATE POLICY replaced ON users FOR SELECT USING (true);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
