CREATE TABLE users (id bigint PRIMARY KEY);
INSERT INTO users SELECT n FROM generate_series(1, 40) AS n;

CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION trimmed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.note := btrim(NEW.note);
    RETURN NEW;
END
$$;

CREATE TABLE visits (
    id bigint NOT NULL,
    day date NOT NULL,
    user_id bigint REFERENCES users (id),
    note text DEFAULT 'none',
    length integer GENERATED ALWAYS AS (char_length(note)) STORED,
    CONSTRAINT visits_id CHECK (id > 0),
    CONSTRAINT visits_pkey PRIMARY KEY (id, day)
);
CREATE INDEX visits_user ON visits (user_id) INCLUDE (note);
CREATE TRIGGER visits_seen AFTER INSERT ON visits FOR EACH STATEMENT EXECUTE FUNCTION seen();
CREATE TRIGGER visits_trim BEFORE INSERT OR UPDATE ON visits
    FOR EACH ROW EXECUTE FUNCTION trimmed();
ALTER TABLE visits ENABLE ALWAYS TRIGGER visits_seen;
GRANT SELECT ON visits TO PUBLIC;
GRANT UPDATE (note) ON visits TO PUBLIC;
ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY visits_all ON visits USING (true);
COMMENT ON TABLE visits IS 'one row for each';

INSERT INTO visits (id, day, user_id, note)
SELECT n, date '2026-01-01' + n, n % 40 + 1, ' visit ' || n FROM generate_series(1, 300) AS n;
