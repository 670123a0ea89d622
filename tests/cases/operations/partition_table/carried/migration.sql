ALTER TABLE visits RENAME TO visits_before;
ALTER TABLE visits_before RENAME CONSTRAINT visits_pkey TO visits_before_pkey;
ALTER INDEX visits_user RENAME TO visits_before_user;
DROP TRIGGER visits_trim ON visits_before;
DROP TRIGGER visits_seen ON visits_before;
CREATE TABLE visits (
    id bigint NOT NULL,
    day date NOT NULL,
    user_id bigint REFERENCES users (id),
    note text DEFAULT 'none',
    length integer GENERATED ALWAYS AS (char_length(note)) STORED,
    CONSTRAINT visits_id CHECK (id > 0),
    CONSTRAINT visits_pkey PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE INDEX visits_user ON visits (user_id) INCLUDE (note);
COMMENT ON TABLE visits IS 'one row for each';
ALTER TABLE visits ATTACH PARTITION visits_before FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE visits_2027 PARTITION OF visits FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
CREATE TABLE visits_other PARTITION OF visits DEFAULT;
GRANT SELECT ON visits TO PUBLIC;
GRANT UPDATE (note) ON visits TO PUBLIC;
CREATE POLICY visits_all ON visits USING (true);
ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
CREATE TRIGGER visits_seen AFTER INSERT ON visits FOR EACH STATEMENT EXECUTE FUNCTION seen();
ALTER TABLE visits ENABLE ALWAYS TRIGGER visits_seen;
CREATE TRIGGER visits_trim BEFORE INSERT OR UPDATE ON visits
    FOR EACH ROW EXECUTE FUNCTION trimmed();
