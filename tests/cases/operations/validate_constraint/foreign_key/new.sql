INSERT INTO orders (customer_id) VALUES (4);
UPDATE orders SET total = 2 WHERE id = 2;
