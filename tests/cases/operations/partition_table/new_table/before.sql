CREATE TABLE logs (id bigint NOT NULL, at date NOT NULL, line text);
INSERT INTO logs SELECT n, date '2026-01-01' + n, 'line' FROM generate_series(1, 60) AS n;
