CREATE TABLE events (
    id bigint NOT NULL,
    day date NOT NULL,
    note text,
    CONSTRAINT events_pkey PRIMARY KEY (id, day)
);
CREATE TABLE kinds (note text PRIMARY KEY);
CREATE VIEW recent AS SELECT id, day, note FROM events WHERE day > date '2026-02-01';
CREATE VIEW counted AS SELECT k.note, count(e.id) AS events FROM kinds AS k LEFT JOIN events AS e ON e.note = k.note GROUP BY k.note;
CREATE VIEW of_recent AS SELECT id FROM recent;
GRANT SELECT ON recent, counted TO PUBLIC;
COMMENT ON VIEW recent IS 'what happened';

INSERT INTO kinds VALUES ('a'), ('b');
INSERT INTO events SELECT n, date '2026-01-01' + n, CASE WHEN n % 2 = 0 THEN 'a' ELSE 'b' END
FROM generate_series(1, 300) AS n;
