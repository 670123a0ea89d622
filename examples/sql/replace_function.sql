-- Prices are shown with two digits.
CREATE OR REPLACE FUNCTION shown(price numeric) RETURNS text LANGUAGE sql STABLE
AS 'SELECT to_char(price, ''FM999990.00'') || '' EUR''';
