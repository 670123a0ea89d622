INSERT INTO orders (id, state) VALUES (1000, 'paid') ON CONFLICT (id) DO UPDATE SET state = 'sent';
UPDATE orders SET state = 'sent' WHERE id = 7;
SELECT id, state FROM orders WHERE state = 'new';
