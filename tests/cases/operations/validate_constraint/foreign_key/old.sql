INSERT INTO orders (customer_id) VALUES (3);
UPDATE orders SET total = 1 WHERE id = 2;
