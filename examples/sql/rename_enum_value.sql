-- A spelling is corrected before anything uses the type.
CREATE TYPE parcel_size AS ENUM ('smal', 'large');
ALTER TYPE parcel_size RENAME VALUE 'smal' TO 'small';
