CREATE TABLE users (number bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO users SELECT n, 'u' || n FROM generate_series(1, 100) AS n;
CREATE TABLE defaults (theme text NOT NULL);
INSERT INTO defaults VALUES ('dark');
ANALYZE defaults;
