CREATE TABLE docs (id bigint PRIMARY KEY, title text, body text, tsv tsvector);
CREATE TRIGGER words BEFORE INSERT OR UPDATE ON docs FOR EACH ROW
    EXECUTE FUNCTION tsvector_update_trigger(tsv, 'pg_catalog.english', title, body);
