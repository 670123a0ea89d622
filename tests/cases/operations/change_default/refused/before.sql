CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL, nickname text DEFAULT 'nobody', size integer GENERATED ALWAYS AS (length(email)) STORED);
CREATE TABLE events (id integer, kind text DEFAULT 'click', at date) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events (kind DEFAULT 'tap') FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
