INSERT INTO orders (customer) VALUES ('old');
UPDATE orders SET customer = 'older' WHERE id = 2;
SELECT id, customer FROM orders WHERE id = 2;
