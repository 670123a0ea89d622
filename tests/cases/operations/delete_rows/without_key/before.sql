CREATE TABLE events (kind text, at timestamptz);
INSERT INTO events SELECT CASE WHEN n % 2 = 0 THEN 'seen' ELSE 'sent' END, '2020-01-01' FROM generate_series(1, 100) AS n;
