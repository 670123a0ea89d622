-- The unique index refuses the same rows, so nothing new is refused.
CREATE TABLE lines (id bigint, number int NOT NULL, body text);
INSERT INTO lines SELECT n, n, 'b' FROM generate_series(1, 30) AS n;
CREATE UNIQUE INDEX lines_number ON lines (number);
