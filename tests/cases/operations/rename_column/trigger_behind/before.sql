CREATE TABLE users (id bigint PRIMARY KEY, email text);
CREATE FUNCTION low() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW := jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], lower(to_jsonb(NEW) ->> TG_ARGV[0])));
    RETURN NEW; END $$;
CREATE TRIGGER zzzz_low BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION low('name');
