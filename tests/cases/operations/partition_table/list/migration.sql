ALTER TABLE orders RENAME TO orders_pacific;
ALTER TABLE orders_pacific RENAME CONSTRAINT orders_country_id_key TO orders_pacific_key;
CREATE TABLE orders (LIKE orders_pacific INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY LIST (country);
ALTER TABLE orders ADD CONSTRAINT orders_country_id_key UNIQUE (country, id);
CREATE TABLE orders_europe (LIKE orders_pacific INCLUDING ALL);
ALTER TABLE orders ATTACH PARTITION orders_europe FOR VALUES IN ('DE', 'FR');
ALTER TABLE orders ATTACH PARTITION orders_pacific FOR VALUES IN ('AU', 'NZ');
