CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);
INSERT INTO users SELECT i, 'u' || i || '@example.org', 'User ' || i FROM generate_series(1, 100) AS i;
CREATE TABLE sessions (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL, token text);
CREATE INDEX sessions_token ON sessions (token);
INSERT INTO sessions (user_id, token) SELECT i, 's' || i FROM generate_series(1, 100) AS i;

CREATE TABLE visits (session_id bigint REFERENCES sessions (id));
CREATE TABLE notes (body text);
CREATE VIEW bodies AS SELECT body FROM notes;
CREATE TABLE rows_of (id bigint);
CREATE TABLE holds (one rows_of);
CREATE TABLE events (id bigint, at date) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE base (id bigint);
CREATE TABLE heir () INHERITS (base);
CREATE TABLE archive (id bigint, token text);
CREATE TABLE source (id bigint PRIMARY KEY, token text);
