-- A table that nobody uses yet may be changed freely in the migration that makes it.
CREATE TABLE vouchers (code text PRIMARY KEY, product_id integer);
ALTER TABLE vouchers ALTER COLUMN product_id SET NOT NULL;
CREATE INDEX ix_vouchers_product_id ON vouchers (product_id);
INSERT INTO vouchers (code, product_id) VALUES ('WELCOME', 1);
