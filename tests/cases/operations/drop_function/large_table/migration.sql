CREATE FUNCTION label(wanted bigint, mark text, ending text) RETURNS text LANGUAGE plpgsql STABLE
AS 'BEGIN RETURN mark || (SELECT email FROM users WHERE id = wanted) || ending; END';
DROP FUNCTION label(bigint, text);
