CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.changed_at := localtimestamp; RETURN NEW; END';
CREATE TRIGGER stamped BEFORE INSERT OR UPDATE OF email ON users
FOR EACH ROW WHEN (NEW.email <> '') EXECUTE FUNCTION stamp();
