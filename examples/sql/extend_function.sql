DROP FUNCTION place_order(bigint);
CREATE FUNCTION place_order(customer bigint, note text DEFAULT '') RETURNS bigint LANGUAGE sql AS 'SELECT customer';
