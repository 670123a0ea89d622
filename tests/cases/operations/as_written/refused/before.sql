CREATE TABLE users (id bigint PRIMARY KEY, name text);
CREATE TABLE audit (id bigint PRIMARY KEY);
CREATE VIEW names AS SELECT name FROM users;
