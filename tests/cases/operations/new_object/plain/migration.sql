CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TYPE pair AS (a integer, b text);
CREATE TYPE span AS RANGE (subtype = integer);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE SEQUENCE numbers AS integer START 5;
CREATE SCHEMA extra;
CREATE VIEW extra.active AS SELECT id, email FROM users WHERE nickname IS NOT NULL;
CREATE FUNCTION twice(x integer, VARIADIC rest text[]) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
CREATE PROCEDURE nothing() LANGUAGE plpgsql AS 'BEGIN END';
