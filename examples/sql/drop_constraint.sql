-- A voucher has a price below zero.
ALTER TABLE products DROP CONSTRAINT products_price_check;
