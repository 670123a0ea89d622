ALTER TABLE bikes ALTER COLUMN state TYPE text USING state::text;
