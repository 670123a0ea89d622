INSERT INTO orders (state) VALUES ('done'), ('open');
UPDATE orders SET state = 'done' WHERE id = 4;
SELECT id, state FROM orders WHERE id = 4;
