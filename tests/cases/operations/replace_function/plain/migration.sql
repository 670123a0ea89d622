CREATE OR REPLACE FUNCTION label(wanted bigint, mark text DEFAULT '#') RETURNS text
LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER SET search_path = public, pg_temp
AS 'BEGIN RETURN mark || (SELECT coalesce(nickname, email) FROM users WHERE id = wanted); END';
