-- The name is used again, with other columns.
CREATE TABLE booking (id bigint PRIMARY KEY, room int NOT NULL, day date NOT NULL, note text);
CREATE INDEX booking_room_idx ON booking (room);
INSERT INTO booking SELECT g, g % 9, date '2026-01-01' + g::int, 'n' FROM generate_series(1, 300) AS g;
ANALYZE booking;
