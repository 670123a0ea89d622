INSERT INTO countries (code, name) VALUES ('old', 'old ') ON CONFLICT (code) DO UPDATE SET name = 'old  ', region = 'south';
INSERT INTO cities (country, other) VALUES ('old', 'C1');
UPDATE countries SET code = 'x1' WHERE code = 'C7';
UPDATE countries SET region = NULL WHERE code = 'C8';
UPDATE countries SET code = 'C7' WHERE code = 'x1';
SELECT name FROM countries JOIN cities ON country = code WHERE lower(country) = 'c3' AND region LIKE 'nor%';
