-- tightened: the former check goes when the new one is there
ALTER TABLE models ADD CONSTRAINT ck_models_price_cents CHECK (price_cents BETWEEN 1 AND 100000);
ALTER TABLE models DROP CONSTRAINT ck_models_price;
ALTER TABLE stations RENAME CONSTRAINT ck_stations_capacity TO ck_stations_capacity_max;
ALTER TABLE rentals ADD CONSTRAINT ck_rentals_order CHECK (price IS NULL OR price >= 0) NOT VALID;
ALTER TABLE rentals VALIDATE CONSTRAINT ck_rentals_order;
