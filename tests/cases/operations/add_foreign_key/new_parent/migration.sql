CREATE TABLE regions (id bigint PRIMARY KEY);
INSERT INTO regions SELECT n FROM generate_series(1, 9) AS n;
ALTER TABLE customers ADD COLUMN region_id bigint;
ALTER TABLE customers ADD FOREIGN KEY (region_id) REFERENCES regions (id);
