CREATE TABLE parents (
    id serial PRIMARY KEY
);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id < 0 THEN RAISE 'negative'; END IF; RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT ON parents FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TABLE children (
    id bigserial PRIMARY KEY,
    parent_id integer NOT NULL REFERENCES parents (id)
);
INSERT INTO parents SELECT FROM generate_series(1, 30);
INSERT INTO children (parent_id) SELECT g FROM generate_series(1, 30) AS g;
