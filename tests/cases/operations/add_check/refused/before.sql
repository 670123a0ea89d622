CREATE TABLE orders (id bigserial PRIMARY KEY, total numeric NOT NULL, discount numeric, state text);
INSERT INTO orders (total, discount, state) SELECT n, n % 3, 'open' FROM generate_series(1, 30) AS n;
ALTER TABLE orders ADD CONSTRAINT taken CHECK (id > 0);
CREATE TABLE gifts () INHERITS (orders);
