CREATE FUNCTION not_reserved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.name IN (SELECT name FROM reserved) THEN
        RAISE EXCEPTION '% is reserved', NEW.name;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reserved BEFORE INSERT OR UPDATE ON packages
FOR EACH ROW EXECUTE FUNCTION not_reserved();
