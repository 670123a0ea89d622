ALTER TABLE customers ALTER COLUMN id TYPE bigint;
ALTER TABLE orders ALTER COLUMN customer_id TYPE bigint;
ALTER TABLE visits ALTER COLUMN customer_id TYPE bigint;
ALTER SEQUENCE customers_id_seq AS bigint;
