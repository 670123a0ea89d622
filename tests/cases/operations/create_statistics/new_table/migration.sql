CREATE TABLE scores (team text PRIMARY KEY, score int NOT NULL, season int);
CREATE STATISTICS scored ON score, season FROM scores;
CREATE SCHEMA side;
CREATE STATISTICS side.scored ON team, season FROM scores;
