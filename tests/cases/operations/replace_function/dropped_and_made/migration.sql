DROP FUNCTION IF EXISTS label;
CREATE FUNCTION label(wanted bigint, mark text DEFAULT '@') RETURNS text LANGUAGE sql
BEGIN ATOMIC
  SELECT mark || coalesce(nickname, email) FROM users WHERE id = wanted;
END;
DROP PROCEDURE extra.clear(bigint);
CREATE PROCEDURE extra.clear(of bigint) LANGUAGE sql
AS 'UPDATE public.users SET nickname = '''' WHERE id = of';
