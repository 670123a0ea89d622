CREATE FUNCTION make_code() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN random(); END';
