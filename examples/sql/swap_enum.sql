-- What an ORM writes where a label is added: a new type in the place of the old one.
CREATE TYPE parcel_kind AS ENUM ('letter', 'box');
ALTER TYPE parcel_kind RENAME TO parcel_kind_old;
CREATE TYPE parcel_kind AS ENUM ('letter', 'box', 'pallet');
DROP TYPE parcel_kind_old;
