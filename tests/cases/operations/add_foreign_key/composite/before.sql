CREATE TABLE shops (country text, number int, CONSTRAINT shops_key UNIQUE (number, country));
CREATE TABLE sales (id bigserial PRIMARY KEY, shop_country text, shop_number int);
INSERT INTO shops SELECT 'de', n FROM generate_series(1, 5) AS n;
INSERT INTO sales (shop_country, shop_number) SELECT 'de', n % 5 + 1 FROM generate_series(1, 20) AS n;
INSERT INTO sales DEFAULT VALUES;
