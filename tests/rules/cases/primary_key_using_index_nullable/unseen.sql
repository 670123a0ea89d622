CREATE TABLE away (id bigint);
CREATE UNIQUE INDEX away_key ON away (id);
