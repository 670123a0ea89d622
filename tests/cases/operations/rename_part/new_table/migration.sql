CREATE TABLE notes (id bigserial PRIMARY KEY, email text);
CREATE TRIGGER tidy BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION tidy();
ALTER TRIGGER tidy ON notes RENAME TO zzzz;
CREATE POLICY everyone ON users USING (true);
ALTER POLICY everyone ON users RENAME TO anybody;
