INSERT INTO orders (customer, buyer) VALUES (NULL, 'new');
UPDATE orders SET customer = NULL WHERE id = 4;
SELECT id, buyer FROM orders WHERE id = 4;
UPDATE orders SET customer = 'c4' WHERE id = 4;
DELETE FROM orders WHERE customer IS NULL;
