-- seen
UPDATE customers SET seen = seen + 1 WHERE id = :one;
-- ordered
INSERT INTO orders (id, customer_id, amount) VALUES (:new, :new, 1);
INSERT INTO customers (id, name) VALUES (:new, 'new');
-- moved
UPDATE orders SET customer_id = :one WHERE id = :mine;
-- read
SELECT name, amount FROM orders JOIN customers ON customers.id = customer_id WHERE orders.id = :mine;
-- left
DELETE FROM customers WHERE id = :gone;
DELETE FROM orders WHERE id = :gone;
