CREATE TABLE orders (
    id integer NOT NULL,
    country varchar(2) NOT NULL,
    total numeric DEFAULT 0,
    CONSTRAINT orders_id CHECK (id > 0),
    UNIQUE (country, id)
);
INSERT INTO orders
SELECT n, CASE WHEN n % 3 = 0 THEN 'NZ' ELSE 'AU' END, n FROM generate_series(1, 60) AS n;
