CREATE SCHEMA old_shop;
CREATE SCHEMA shop;
CREATE TABLE old_shop.users (id bigint PRIMARY KEY, email text);
INSERT INTO old_shop.users VALUES (1, 'a');
