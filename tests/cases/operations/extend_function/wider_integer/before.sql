CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO users (email, nickname) SELECT 'user' || n || '@example.org', CASE WHEN n % 3 > 0 THEN 'nick' || n END FROM generate_series(1, 30) AS n;

CREATE SCHEMA extra;
CREATE FUNCTION extra.rename(of integer, text) RETURNS SETOF users LANGUAGE sql
AS 'UPDATE public.users SET nickname = $2 WHERE id = $1 RETURNING *';
CREATE PROCEDURE extra.clear(of smallint) LANGUAGE sql
AS 'UPDATE public.users SET nickname = NULL WHERE id = of';
CREATE PROCEDURE extra.clear(of text, why text) LANGUAGE sql
AS 'UPDATE public.users SET nickname = why WHERE email = of';
