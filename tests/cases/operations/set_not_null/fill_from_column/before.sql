CREATE TABLE users (id bigint PRIMARY KEY, email text, mail text);
INSERT INTO users SELECT g, 'u' || g, CASE WHEN g % 2 = 0 THEN 'm' END FROM generate_series(1, 50) AS g;
