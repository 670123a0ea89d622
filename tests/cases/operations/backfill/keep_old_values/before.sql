CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'User' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'Nick' || n END FROM generate_series(1, 30) AS n;
