CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payload json NOT NULL DEFAULT '{}',
    extra json,
    label text
);
CREATE INDEX events_kind_idx ON events ((payload ->> 'kind'));
CREATE INDEX events_extra_idx ON events (id) WHERE extra IS NOT NULL;
ALTER TABLE events ADD CONSTRAINT events_extra_kept CHECK (extra IS NOT NULL OR label IS NULL);
COMMENT ON COLUMN events.payload IS 'as it came';
INSERT INTO events (payload, extra, label)
SELECT json_build_object('kind', 'k' || g % 3, 'n', g), CASE WHEN g % 2 = 0 THEN '{"b": 1,  "a": [1.50, null]}'::json END, NULL
FROM generate_series(1, 30) AS g;
INSERT INTO events (payload) VALUES ('{"a": 1, "a": 2}'), ('null'), ('"x"'), ('1e2');
