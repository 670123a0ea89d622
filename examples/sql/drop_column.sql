-- Nothing shows descriptions any more.
ALTER TABLE products DROP COLUMN description;
