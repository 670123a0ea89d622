CREATE TABLE states (id bigint PRIMARY KEY, run_id bigint NOT NULL, name text NOT NULL, at timestamptz NOT NULL);
CREATE INDEX states_run ON states (run_id);
CREATE TABLE kinds (id integer PRIMARY KEY, label text);
CREATE TABLE runs (id bigint PRIMARY KEY, kind_id integer, label text, state text, note text, noted timestamptz);
INSERT INTO kinds VALUES (1, 'daily'), (2, NULL), (3, 'hourly');
INSERT INTO runs (id, kind_id, label) VALUES (1, 1, NULL), (2, 1, 'daily'), (3, 2, 'weekly'), (4, 3, ''), (5, NULL, 'none');
INSERT INTO states SELECT n, 1 + n % 4, 's' || n % 7, '2024-01-01'::timestamptz + n % 3 * interval '1 hour' FROM generate_series(1, 40) AS n;
