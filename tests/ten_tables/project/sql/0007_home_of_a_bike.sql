ALTER TABLE bikes ADD COLUMN home_id uuid CONSTRAINT fk_bikes_home_id_stations REFERENCES stations;
UPDATE bikes SET home_id = station_id;
CREATE INDEX ix_bikes_home_id ON bikes (home_id);
ALTER TABLE payments ADD COLUMN means text;
UPDATE payments SET means = upper(method);
