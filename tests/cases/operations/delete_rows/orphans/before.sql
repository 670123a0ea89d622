CREATE TABLE orders (id bigint PRIMARY KEY, note text);
CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint, label text);
INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 40) AS n;
INSERT INTO items SELECT n, n, 'item ' || n FROM generate_series(1, 60) AS n;
