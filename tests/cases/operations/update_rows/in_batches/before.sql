CREATE TYPE state AS ENUM ('open', 'done');
CREATE TABLE orders (id bigint PRIMARY KEY, label text, state state NOT NULL DEFAULT 'open', paid numeric);
CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint REFERENCES orders, price numeric(9, 2) NOT NULL);
CREATE INDEX items_order ON items (order_id);
INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 60) AS n;
INSERT INTO items SELECT n, n % 50 + 1, n FROM generate_series(1, 120) AS n;
