CREATE TABLE users (id bigint PRIMARY KEY, name text, nickname text);
CREATE VIEW nicknames AS SELECT nickname FROM users;
