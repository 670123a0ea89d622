CREATE FUNCTION make_code() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN random(); END';
CREATE SCHEMA app;
CREATE FUNCTION app.md5(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN random(); END';
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN RETURN clock_timestamp(); END';
