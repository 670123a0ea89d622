-- visited
INSERT INTO customers (id, name) VALUES (:new, 'new');
INSERT INTO visits (id, customer_id) VALUES (:new, :new);
-- moved
UPDATE visits SET customer_id = :one WHERE id = :mine;
-- back
UPDATE visits SET customer_id = id, seen = seen + 1 WHERE id = :mine;
-- left
DELETE FROM visits WHERE id = :gone;
DELETE FROM customers WHERE id = :gone;
