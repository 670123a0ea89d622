CREATE TABLE events (id bigint NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE INDEX events_note ON events (note);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO events SELECT n, date '2025-01-01' + n, 'n' || n FROM generate_series(1, 30) AS n;
CREATE TABLE rest PARTITION OF events DEFAULT;
CREATE TABLE alone (id bigint);
CREATE TABLE items (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE items_1 PARTITION OF items FOR VALUES FROM (0) TO (100);
CREATE TABLE lines (item_id bigint REFERENCES items (id));
