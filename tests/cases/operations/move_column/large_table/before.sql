CREATE TABLE users (tenant int, id bigint, bio text, PRIMARY KEY (tenant, id));
INSERT INTO users SELECT n % 7, n, CASE WHEN n % 2 = 0 THEN 'Bio ' || n END FROM generate_series(1, 12000) AS n;
ANALYZE users;
