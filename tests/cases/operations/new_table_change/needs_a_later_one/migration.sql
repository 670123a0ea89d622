CREATE TABLE people (id bigint PRIMARY KEY, team_id bigint);
CREATE TABLE teams (id bigint PRIMARY KEY, leader_id bigint REFERENCES people (id));
ALTER TABLE people ADD FOREIGN KEY (team_id) REFERENCES teams (id);
ALTER TABLE people ADD COLUMN guest_of bigint CONSTRAINT people_guest REFERENCES teams (id);
CREATE TYPE mood AS ENUM ('sad', 'ok');
ALTER TABLE people ADD COLUMN mood mood;
CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER seen BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION seen();
INSERT INTO people (id, mood) VALUES (1, 'ok');
