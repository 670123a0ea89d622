DROP INDEX IF EXISTS booking_room_idx;
ALTER TABLE booking ADD COLUMN guest text;
CREATE INDEX booking_room_idx ON booking (room, guest);
