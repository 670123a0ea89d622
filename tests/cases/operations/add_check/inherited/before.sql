CREATE TABLE orders (id bigserial PRIMARY KEY, total numeric NOT NULL, discount numeric, state text);
INSERT INTO orders (total, discount, state) SELECT n, n % 3, 'open' FROM generate_series(1, 30) AS n;
CREATE TABLE gifts (wish text) INHERITS (orders);
CREATE TABLE flowers () INHERITS (gifts);
INSERT INTO gifts (total, wish) VALUES (1, 'x');
