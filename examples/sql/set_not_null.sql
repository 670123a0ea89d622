-- Every product has a description; those without one get an empty one first.
UPDATE products SET description = '' WHERE description IS NULL;
ALTER TABLE products ALTER COLUMN description SET NOT NULL;
