CREATE TABLE events (id bigint PRIMARY KEY, at date NOT NULL, code text);
CREATE UNIQUE INDEX events_code ON events (code);
