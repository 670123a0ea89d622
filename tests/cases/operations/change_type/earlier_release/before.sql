CREATE TABLE events (
    id bigint PRIMARY KEY,
    day date,
    at timestamp
);
INSERT INTO events (id, day) SELECT n, date '2024-01-01' + n FROM generate_series(1, 500) AS n;
