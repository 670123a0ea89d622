-- A product without a description is shown with an empty one.
ALTER TABLE products ALTER COLUMN description SET DEFAULT '';
