CREATE TABLE lines (id bigint, number int NOT NULL, body text);
INSERT INTO lines SELECT n, n, 'b' FROM generate_series(1, 30) AS n;
CREATE TABLE drafts () INHERITS (lines);
INSERT INTO drafts VALUES (1, 1, 'd');
