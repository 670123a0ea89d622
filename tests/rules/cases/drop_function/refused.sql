DROP FUNCTION total(integer);
