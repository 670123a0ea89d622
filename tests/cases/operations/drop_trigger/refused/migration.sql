DROP TRIGGER no_such_trigger ON users;
DROP TRIGGER noted ON orders_1;
