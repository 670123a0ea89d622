CREATE TABLE teams (id bigint PRIMARY KEY);
INSERT INTO teams VALUES (1), (2);
CREATE TABLE users (id bigint PRIMARY KEY, team_id bigint NOT NULL REFERENCES teams (id));
INSERT INTO users (id, team_id) SELECT n, 1 FROM generate_series(1, 500) AS n;
