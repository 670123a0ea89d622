-- Parcels can be lost: the old version does not know that state.
CREATE TYPE parcel_state AS ENUM ('packed', 'sent', 'delivered');
ALTER TYPE parcel_state ADD VALUE 'lost' AFTER 'sent';
