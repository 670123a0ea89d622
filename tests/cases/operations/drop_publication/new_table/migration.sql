CREATE TABLE scores (team text PRIMARY KEY, score int NOT NULL);
CREATE PUBLICATION scored FOR TABLE scores, users;
DROP PUBLICATION IF EXISTS "All of it", not_there;
