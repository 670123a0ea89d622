-- A product may be announced before its price is known.
ALTER TABLE products ALTER COLUMN price DROP NOT NULL;
