CREATE UNIQUE INDEX ON teams (team);
CREATE INDEX teams_many ON teams (members) WHERE members > 3;
