CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 20000) AS n;

CREATE FUNCTION label(wanted bigint, mark text DEFAULT '#') RETURNS text LANGUAGE plpgsql STABLE
AS 'BEGIN RETURN mark || (SELECT email FROM users WHERE id = wanted); END';
