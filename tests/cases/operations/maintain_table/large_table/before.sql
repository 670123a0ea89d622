CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, team text, city text);
INSERT INTO users (email, team, city) SELECT 'user' || n || '@example.org', 'team' || n % 5, 'city' || n % 3 FROM generate_series(1, 20000) AS n;
ANALYZE users;
