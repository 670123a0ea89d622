-- The function that names the column is called by the one of the trigger, with the row.
CREATE TABLE users (id bigint PRIMARY KEY, email text, "E mail" text);
CREATE FUNCTION lowered(u users) RETURNS users LANGUAGE plpgsql AS
    $$ BEGIN u.email := lower(u.email); RETURN u; END $$;
CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN /* not "E mail" */ RETURN lowered(NEW); END $$;
CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION tidy();
