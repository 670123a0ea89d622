-- The warehouse calls it the title.
ALTER TABLE products RENAME COLUMN name TO title;
