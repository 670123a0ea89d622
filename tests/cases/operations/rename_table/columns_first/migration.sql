ALTER TABLE users RENAME COLUMN email TO address;
ALTER TABLE users RENAME TO accounts;
ALTER TABLE accounts RENAME COLUMN name TO "full Name";
