CREATE TABLE surveys (id int PRIMARY KEY, share_key text, title text);
CREATE UNIQUE INDEX surveys_share_key ON surveys (share_key);
INSERT INTO surveys SELECT i, 'k' || i, 't' FROM generate_series(1, 20) AS i;
