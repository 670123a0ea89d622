UPDATE users SET team = 'none' WHERE team IS NULL;
CREATE MATERIALIZED VIEW teams AS
SELECT team, count(*) AS members FROM users GROUP BY team -- how many
WITH DATA;
CREATE UNIQUE INDEX ON teams (team);
CREATE INDEX CONCURRENTLY teams_members ON teams (members);
CREATE MATERIALIZED VIEW empty AS SELECT id FROM users WITH NO DATA;
