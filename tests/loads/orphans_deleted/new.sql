-- ordered
INSERT INTO customers (id, name) VALUES (:new, 'new');
INSERT INTO orders (id, customer_id) VALUES (:new, :new);
-- moved
UPDATE orders SET customer_id = :one WHERE id = :mine;
-- back
UPDATE orders SET customer_id = id, seen = seen + 1 WHERE id = :mine;
-- left
DELETE FROM orders WHERE id = :gone;
DELETE FROM customers WHERE id = :gone;
