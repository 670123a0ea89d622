CREATE TABLE addresses (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders, city text NOT NULL, street text);
CREATE INDEX ON addresses (order_id);
INSERT INTO addresses (order_id, city, street) SELECT id, city, street FROM orders WHERE street IS NOT NULL;
CREATE TABLE orders_2025 (LIKE orders, PRIMARY KEY (id));
INSERT INTO orders_2025 SELECT * FROM orders AS o WHERE placed_at < '2026-01-01';
