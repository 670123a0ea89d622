CREATE TABLE notes (id bigint PRIMARY KEY, order_id bigint);
ALTER TABLE notes ADD FOREIGN KEY (order_id) REFERENCES orders (id);
