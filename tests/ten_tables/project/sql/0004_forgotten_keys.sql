-- The district of a station: first for what is written from now on, then for what is there.
ALTER TABLE stations ADD CONSTRAINT fk_stations_district_id_districts
    FOREIGN KEY (district_id) REFERENCES districts (id) NOT VALID;
ALTER TABLE stations VALIDATE CONSTRAINT fk_stations_district_id_districts;
CREATE INDEX ix_stations_district_id ON stations (district_id);

-- Nobody knows what the old rows refer to.
ALTER TABLE memberships ADD CONSTRAINT fk_memberships_station_id_stations
    FOREIGN KEY (station_id) REFERENCES stations NOT VALID;
CREATE INDEX ix_memberships_station_id ON memberships (station_id);
