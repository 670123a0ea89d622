INSERT INTO orders (customer_id, total) VALUES (3, 1);
UPDATE customers SET name = 'y' WHERE id = 2;
SELECT id, customer_id FROM orders WHERE id = 2;
