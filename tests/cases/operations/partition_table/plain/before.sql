CREATE TABLE events (
    id bigserial,
    at timestamptz NOT NULL,
    body text DEFAULT '' NOT NULL,
    PRIMARY KEY (id, at)
);
CREATE INDEX events_at ON events (at);

INSERT INTO events (at, body)
SELECT timestamptz '2026-01-01 00:00+00' + n * interval '1 day', 'event ' || n
FROM generate_series(1, 300) AS n;
