-- Up to PostgreSQL 17 partition by partition.
CREATE TABLE customers (id bigint PRIMARY KEY, name text);
INSERT INTO customers SELECT n, 'c' FROM generate_series(1, 10) AS n;
CREATE TABLE events (id bigint, at date, customer_id bigint) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
CREATE TABLE events_1a PARTITION OF events_1 DEFAULT;
CREATE TABLE events_2 PARTITION OF events DEFAULT;
CREATE INDEX ON events (customer_id);
INSERT INTO events SELECT n, '2024-01-01'::date + n * 30, n % 10 + 1 FROM generate_series(1, 30) AS n;
