DROP TRIGGER stamped ON users;
DROP FUNCTION stamp();
DROP FUNCTION clear_all();
DROP PROCEDURE IF EXISTS clear(bigint);
DROP FUNCTION IF EXISTS no_such_function(integer);
