ALTER TABLE rides ADD CONSTRAINT fk_rides_rental_id_rentals
    FOREIGN KEY (rental_id) REFERENCES rentals ON DELETE CASCADE;
ALTER TABLE messages ADD COLUMN ride_id bigint, ADD COLUMN ride_day date;
ALTER TABLE messages ADD CONSTRAINT fk_messages_ride_id_ride_day_rides
    FOREIGN KEY (ride_id, ride_day) REFERENCES rides (id, day);
CREATE INDEX ix_messages_ride_id_ride_day ON messages (ride_id, ride_day);
