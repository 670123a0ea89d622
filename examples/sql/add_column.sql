-- Customers may leave a telephone number.
ALTER TABLE users ADD COLUMN phone varchar(32);
