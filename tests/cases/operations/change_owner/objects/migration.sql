ALTER TYPE mood OWNER TO zdm_owner;
ALTER DOMAIN positive OWNER TO zdm_owner;
ALTER SEQUENCE counted OWNER TO zdm_owner;
ALTER FUNCTION twice(int) OWNER TO zdm_owner;
ALTER FUNCTION once OWNER TO zdm_owner;
ALTER PROCEDURE nothing() OWNER TO zdm_owner;
ALTER MATERIALIZED VIEW many OWNER TO zdm_owner;
CREATE FUNCTION thrice(n int) RETURNS int LANGUAGE sql AS 'SELECT 3 * n';
ALTER FUNCTION thrice(int) OWNER TO zdm_owner;
