ALTER VIEW "Recent" RENAME TO latest;
-- zdm: run in contract -- only the new version calls it then
CREATE OR REPLACE FUNCTION counted() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM latest';
