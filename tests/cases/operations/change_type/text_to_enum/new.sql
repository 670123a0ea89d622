INSERT INTO orders (id, status) VALUES (2000, 'paid') ON CONFLICT (id) DO UPDATE SET status = 'sent';
UPDATE orders SET status = 'new' WHERE id = 8;
SELECT id, status FROM orders WHERE status = 'paid';
