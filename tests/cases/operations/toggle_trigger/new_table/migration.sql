CREATE TABLE notes (id bigint PRIMARY KEY, text text);
CREATE TRIGGER kept BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
ALTER TABLE notes DISABLE TRIGGER kept;
ALTER TABLE users ENABLE ALWAYS TRIGGER noted;
