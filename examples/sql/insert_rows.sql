-- Two products that the shop sells from next week on.
INSERT INTO products (name, price) VALUES ('Cosy', 12.00), ('Caddy', 9.50);
