DROP FUNCTION extra.rename(integer, text);
CREATE FUNCTION extra.rename(of bigint, name text) RETURNS SETOF users LANGUAGE sql
AS 'UPDATE public.users SET nickname = $2 WHERE id = $1 RETURNING *';
DROP PROCEDURE extra.clear(smallint);
CREATE PROCEDURE extra.clear(of integer) LANGUAGE sql
AS 'UPDATE public.users SET nickname = NULL WHERE id = of';
