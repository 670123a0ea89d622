CREATE TABLE orders (
    id bigint PRIMARY KEY,
    cents integer NOT NULL
);
INSERT INTO orders (id, cents) SELECT n, n * 25 FROM generate_series(1, 500) AS n;
