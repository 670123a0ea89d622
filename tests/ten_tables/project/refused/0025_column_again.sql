ALTER TABLE customers DROP COLUMN source;
ALTER TABLE customers ADD COLUMN source integer;
