ALTER TABLE customers DROP COLUMN source;
