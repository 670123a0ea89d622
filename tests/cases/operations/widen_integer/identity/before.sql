CREATE TABLE events (
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5) PRIMARY KEY,
    parent_id integer REFERENCES events (id),
    kind text NOT NULL
);
COMMENT ON COLUMN events.id IS 'the key';
COMMENT ON CONSTRAINT events_pkey ON events IS 'of events';
INSERT INTO events (kind) SELECT 'k' || g FROM generate_series(1, 30) AS g;
UPDATE events SET parent_id = 10 WHERE id > 100;
