CREATE FUNCTION filled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := COALESCE(NEW.at, current_date);
    RETURN NEW;
END
$$;
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE events (
    id bigserial,
    at date NOT NULL DEFAULT current_date,
    user_id bigint REFERENCES users (id),
    CONSTRAINT events_id CHECK (id > 0),
    CONSTRAINT events_pkey PRIMARY KEY (id, at)
);
CREATE INDEX events_user ON events (user_id);
CREATE TRIGGER events_filled BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION filled();
ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY events_all ON events USING (true);
GRANT SELECT, INSERT ON events TO PUBLIC;
GRANT UPDATE (at) ON events TO PUBLIC;
