CREATE TABLE notes (id bigint PRIMARY KEY, text text);
CREATE TRIGGER kept BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
DROP TRIGGER kept ON notes;
DROP TRIGGER noted ON users;
DROP TRIGGER IF EXISTS no_such_trigger ON users;
DROP TRIGGER IF EXISTS no_such_trigger ON no_such_table;
