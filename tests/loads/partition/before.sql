CREATE TABLE kinds (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO kinds SELECT g, 'k' || g FROM generate_series(1, 10) AS g;
CREATE TABLE events (
    id bigserial,
    ref bigint NOT NULL,
    day date NOT NULL DEFAULT '2026-06-01',
    kind int NOT NULL DEFAULT 1 REFERENCES kinds (id),
    name text NOT NULL,
    seen int NOT NULL DEFAULT 0,
    CONSTRAINT events_ref CHECK (ref > 0),
    CONSTRAINT events_pkey PRIMARY KEY (ref, day)
);
INSERT INTO events (ref, day, kind, name)
SELECT g, date '2026-01-01' + g % 300, g % 10 + 1, 'e' || g FROM generate_series(1, :rows) AS g;
CREATE INDEX events_kind ON events (kind, day);
