CREATE TABLE users (id bigint PRIMARY KEY, name text, nickname text);
INSERT INTO users (id, name, nickname) SELECT n, 'User', 'u' || n FROM generate_series(1, 500) AS n;
