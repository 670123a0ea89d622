CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL);
INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 30) AS n;

CREATE FUNCTION label(wanted bigint, text) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$BEGIN RETURN $2 || (SELECT email FROM users WHERE id = wanted); END$$;
REVOKE ALL ON FUNCTION label(bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION label(bigint, text) IS 'a user''s label';
