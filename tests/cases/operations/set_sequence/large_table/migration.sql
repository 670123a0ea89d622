SELECT setval(pg_get_serial_sequence('events', 'id'), coalesce(max(id), 0) + 1, false) FROM events;
ALTER TABLE events ALTER COLUMN id RESTART WITH 50000;
ALTER SEQUENCE numbers RESTART WITH -100;
