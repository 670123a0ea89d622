-- IS NULL is true of a row of NULLs, which SET NOT NULL takes, and IS NOT NULL false of ROW (1, NULL).
CREATE TYPE pair AS (a integer, b text);
CREATE TABLE users (id bigint PRIMARY KEY, at pair, other pair);
INSERT INTO users SELECT g, CASE g % 3 WHEN 0 THEN ROW (g, NULL)::pair WHEN 1 THEN ROW (NULL, NULL)::pair END,
    ROW (NULL, NULL)::pair FROM generate_series(1, 50) AS g;
