-- Orders of 2020 are no longer read with the others.
ALTER TABLE orders DETACH PARTITION orders_2020;
