-- The new version formats prices itself.
DROP FUNCTION shown(numeric);
