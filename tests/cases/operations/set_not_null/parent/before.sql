CREATE TABLE teams (id bigint PRIMARY KEY);
INSERT INTO teams VALUES (0), (1);
CREATE TABLE users (id bigint PRIMARY KEY, team bigint REFERENCES teams);
INSERT INTO users SELECT g, CASE WHEN g % 2 = 0 THEN 1 END FROM generate_series(1, 50) AS g;
