CREATE TABLE orders (
    id bigint PRIMARY KEY,
    quantity integer NOT NULL,
    note text
);
INSERT INTO orders (id, quantity) SELECT n, n % 7 FROM generate_series(1, 500) AS n;
