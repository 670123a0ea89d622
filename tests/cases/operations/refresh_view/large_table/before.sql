CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, team text);
INSERT INTO users (email, team) SELECT 'user' || n || '@example.org', 'team' || n % 5 FROM generate_series(1, 12000) AS n;
CREATE MATERIALIZED VIEW teams AS SELECT team, count(*) AS members FROM users WHERE team IS NOT NULL GROUP BY team;
CREATE UNIQUE INDEX teams_team_idx ON teams (team);
ANALYZE users;
