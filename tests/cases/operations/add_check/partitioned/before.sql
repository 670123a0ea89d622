CREATE TABLE events (id bigint, at date, kind text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2 PARTITION OF events DEFAULT;
INSERT INTO events SELECT n, '2024-01-01'::date + n * 30, 'k' FROM generate_series(1, 30) AS n;
