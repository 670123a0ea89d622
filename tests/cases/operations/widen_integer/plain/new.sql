INSERT INTO customers (name) VALUES ('new');
INSERT INTO orders (customer_id) SELECT max(id)::bigint FROM customers;
INSERT INTO customers (id, name) VALUES (1::bigint, 'again') ON CONFLICT (id) DO UPDATE SET name = 'again';
DELETE FROM customers WHERE id = (SELECT max(id) FROM customers);
