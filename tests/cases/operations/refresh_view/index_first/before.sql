CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, team text);
INSERT INTO users (email, team) SELECT 'user' || n || '@example.org', 'team' || n % 5 FROM generate_series(1, 30) AS n;
CREATE MATERIALIZED VIEW teams AS SELECT team, count(*) AS members FROM users WHERE team IS NOT NULL GROUP BY team;
