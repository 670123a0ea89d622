CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, team text);
INSERT INTO users (email, team) SELECT 'user' || n || '@example.org', 'team' || n % 5 FROM generate_series(1, 30) AS n;
CREATE PUBLICATION "All of it" FOR TABLE users;
COMMENT ON PUBLICATION "All of it" IS 'whose ''is'' it';
