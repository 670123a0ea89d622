-- The new version may empty the column that the new one is filled from.
CREATE TABLE orders (id bigserial PRIMARY KEY, customer text NOT NULL);
INSERT INTO orders (customer) SELECT 'c' || n FROM generate_series(1, 30) AS n;
