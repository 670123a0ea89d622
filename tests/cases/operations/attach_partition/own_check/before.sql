CREATE TABLE events (id bigint NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE INDEX events_note ON events (note);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO events SELECT n, date '2025-01-01' + n, 'n' || n FROM generate_series(1, 30) AS n;
CREATE TABLE archive (id bigint NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at));
CREATE INDEX archive_note ON archive (note);
INSERT INTO archive SELECT n, date '2024-01-01' + n, 'n' || n FROM generate_series(1, 30) AS n;
