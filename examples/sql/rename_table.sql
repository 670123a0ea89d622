-- The warehouse sells services, too.
ALTER TABLE products RENAME TO articles;
