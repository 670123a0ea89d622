ALTER TABLE sales ADD CONSTRAINT sales_shop FOREIGN KEY (shop_country, shop_number) REFERENCES shops (country, number) MATCH FULL ON UPDATE CASCADE;
