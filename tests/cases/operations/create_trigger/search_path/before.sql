CREATE TABLE config (name text PRIMARY KEY, revision int NOT NULL DEFAULT 1);
CREATE TABLE servers (id int PRIMARY KEY, url text);
INSERT INTO servers SELECT i, 'u' || i FROM generate_series(1, 20) AS i;
