CREATE TABLE visits (id bigint NOT NULL);
ALTER TABLE visits ADD PRIMARY KEY (id);
ALTER TABLE users ADD COLUMN land text;
UPDATE users SET land = 'of ' || team;
CREATE PUBLICATION everything FOR TABLE users, visits;
