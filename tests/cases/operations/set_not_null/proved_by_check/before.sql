CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text CONSTRAINT users_nickname CHECK (nickname IS NOT NULL));
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', 'nick' || n FROM generate_series(1, 30) AS n;
