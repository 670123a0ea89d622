CREATE TABLE items (
    id bigint PRIMARY KEY,
    price numeric(10,2) CHECK (scale(price) <= 2),
    data json,
    kind text,
    name varchar(255) CHECK (char_length(name) <= 50),
    size real,
    quantity integer,
    made timestamp
);
CREATE INDEX items_size_idx ON items (json_typeof(data));
CREATE FUNCTION shortened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name := left(NEW.name, 50);
    RETURN NEW;
END
$$;
CREATE TRIGGER shorten BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION shortened();
