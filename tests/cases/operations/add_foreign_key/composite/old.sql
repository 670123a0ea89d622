INSERT INTO sales (shop_country, shop_number) VALUES ('de', 1);
