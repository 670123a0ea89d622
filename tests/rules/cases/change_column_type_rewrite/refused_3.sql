ALTER TABLE unknown_table ALTER COLUMN a TYPE text;
