INSERT INTO orders (customer_id) VALUES (3);
UPDATE orders SET note = 'x' WHERE id = 1;
UPDATE customers SET name = 'y' WHERE id = 2;
SELECT id, customer_id FROM orders WHERE id = 2;
