CREATE TABLE users (id bigint PRIMARY KEY, n int);
INSERT INTO users VALUES (1, 1), (2, 2);
CREATE PROCEDURE tidy(INOUT n integer DEFAULT 1) LANGUAGE plpgsql AS 'BEGIN n := n + 1; END';
