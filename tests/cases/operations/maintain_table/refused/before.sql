CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, team text, city text);
CREATE TABLE rooms (id bigint PRIMARY KEY, free int4range, EXCLUDE USING gist (free WITH &&));
CREATE VIEW seen AS SELECT id FROM users;
CREATE INDEX teams_idx ON users (team);
CREATE INDEX teams_idx_ccnew ON users (team, city);
CREATE TABLE visits (id bigint, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
