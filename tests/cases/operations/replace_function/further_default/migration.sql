CREATE OR REPLACE FUNCTION label(wanted bigint, mark text DEFAULT '#') RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$BEGIN RETURN mark || (SELECT lower(email) FROM users WHERE id = wanted); END$$;
