CREATE TABLE teams (id bigint PRIMARY KEY);
INSERT INTO teams VALUES (1), (2);
CREATE TABLE "Users" (id bigint PRIMARY KEY, team_id bigint, CONSTRAINT users_team FOREIGN KEY (team_id) REFERENCES teams (id));
INSERT INTO "Users" SELECT n, 1 + n % 2 FROM generate_series(1, 100) AS n;
CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint);
INSERT INTO notes SELECT n, n FROM generate_series(1, 100) AS n;
