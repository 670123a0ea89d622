-- seen
UPDATE customers SET seen = seen + 1 WHERE id = :one;
-- ordered
INSERT INTO customers (id, name) VALUES (:new, 'new');
INSERT INTO orders (id, customer_id, amount) VALUES (:new, :new, 1);
-- moved
UPDATE orders SET customer_id = :one WHERE id = :mine;
-- read
SELECT name, amount FROM orders JOIN customers ON customers.id = customer_id WHERE orders.id = :mine;
-- left
DELETE FROM orders WHERE id = :gone;
DELETE FROM customers WHERE id = :gone;
