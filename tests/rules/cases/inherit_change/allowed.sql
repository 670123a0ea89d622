CREATE TABLE above (id bigint NOT NULL, name text);
CREATE TABLE below (id bigint NOT NULL, name text);
ALTER TABLE below INHERIT above;
