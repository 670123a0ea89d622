ALTER TABLE customers ADD COLUMN source integer;
ALTER TABLE stations DROP CONSTRAINT fk_stations_manager_id_customers;
ALTER TABLE stations RENAME CONSTRAINT fk_stations_district_id_districts TO fk_stations_district;
