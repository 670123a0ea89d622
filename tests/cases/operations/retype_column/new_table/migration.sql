CREATE TABLE events (id bigint PRIMARY KEY, payload json, price numeric(10,2), code text);
ALTER TABLE events
    ALTER COLUMN payload TYPE jsonb,
    ALTER COLUMN price TYPE numeric(12,4),
    ALTER COLUMN code TYPE varchar(3);
