CREATE OR REPLACE FUNCTION label(wanted bigint, mark text DEFAULT '#') RETURNS integer
LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION label(wanted bigint, mark text) RETURNS text
LANGUAGE sql AS 'SELECT mark';
CREATE OR REPLACE FUNCTION label(which bigint, mark text DEFAULT '#') RETURNS text
LANGUAGE sql AS 'SELECT mark';
CREATE FUNCTION label(wanted bigint, mark text DEFAULT '#') RETURNS text
LANGUAGE sql AS 'SELECT mark';
CREATE OR REPLACE FUNCTION short(email text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(email)';
DROP FUNCTION noted(integer);
CREATE FUNCTION noted(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n + 1';
CREATE OR REPLACE FUNCTION bare(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION total(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION label(wanted bigint) RETURNS text LANGUAGE sql AS 'SELECT ''one''';
