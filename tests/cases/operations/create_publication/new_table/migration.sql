CREATE TABLE scores (team text PRIMARY KEY, score int NOT NULL);
CREATE PUBLICATION scored FOR TABLE scores, users;
