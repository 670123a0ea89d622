UPDATE users SET name = trim(pg_catalog.lower(name)) WHERE id = 3;
INSERT INTO orgs (id) SELECT n FROM generate_series(1, 3) AS n;
DELETE FROM users WHERE id = coalesce(NULL, length('abc'));
SELECT string_agg(name, ',') FROM users WHERE extract(year FROM now()) > 2000;
CREATE FUNCTION half(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n / 2';
UPDATE users SET org_id = half(4) WHERE id = 3;
