-- The name says what it gives.
ALTER FUNCTION shown(numeric) RENAME TO price_as_text;
