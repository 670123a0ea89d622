ALTER TABLE old_shop.users SET SCHEMA shop;
DROP SCHEMA old_shop;
