CREATE TABLE events (id bigint NOT NULL, at date, PRIMARY KEY (id));
CREATE TABLE details (id bigint PRIMARY KEY, event_id bigint REFERENCES events (id));
CREATE VIEW recent AS SELECT id, at FROM events WHERE at > date '2026-01-01';
CREATE RULE events_kept AS ON DELETE TO events DO INSTEAD NOTHING;
CREATE FUNCTION shown(events) RETURNS text LANGUAGE sql AS 'SELECT ''event''';
