CREATE UNIQUE INDEX teams_team_idx ON teams (team);
REFRESH MATERIALIZED VIEW teams;
