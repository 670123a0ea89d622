INSERT INTO orders (state) VALUES ('closed'), ('open');
UPDATE orders SET state = 'closed' WHERE id = 2;
SELECT id, state FROM orders WHERE id = 2;
