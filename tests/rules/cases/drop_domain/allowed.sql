CREATE DOMAIN cost AS numeric;
DROP DOMAIN cost;
