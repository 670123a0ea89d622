CREATE TABLE events (id integer, at date NOT NULL, user_id integer) PARTITION BY RANGE (at);
CREATE TABLE people (id integer PRIMARY KEY);
ALTER TABLE events ADD FOREIGN KEY (user_id) REFERENCES people;
CREATE INDEX ON events (id);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
