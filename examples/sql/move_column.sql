-- Few products have a description, and it is long.
CREATE TABLE descriptions (
  product_id integer PRIMARY KEY REFERENCES products ON DELETE CASCADE,
  description text NOT NULL
);
INSERT INTO descriptions (product_id, description)
SELECT id, description FROM products WHERE description IS NOT NULL;
ALTER TABLE products DROP COLUMN description;
