CREATE TABLE docs (id integer PRIMARY KEY, doc json, amount numeric);
INSERT INTO docs SELECT n, '{"a": 1}', n FROM generate_series(1, 20) AS n;
