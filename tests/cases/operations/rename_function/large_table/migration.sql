ALTER FUNCTION "Longest"(text, text[]) RENAME TO first_of;
ALTER FUNCTION all_of() RENAME TO every_event;
-- zdm: run in contract -- both give the same
CREATE OR REPLACE FUNCTION calling() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM every_event()';
ALTER AGGREGATE joined(text) RENAME TO concatenated;
