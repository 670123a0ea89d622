-- seen
UPDATE customers SET seen = seen + 1 WHERE ref = :one;
-- joined
INSERT INTO customers (ref, name) VALUES (:new, 'joined') RETURNING id, seen;
INSERT INTO orders (id, client_ref) VALUES (:new, :new);
-- renamed
SELECT id, name FROM customers WHERE ref = :mine FOR UPDATE;
UPDATE customers SET name = 'renamed' WHERE ref = :mine;
-- again
INSERT INTO customers (ref, name) VALUES (:mine, 'again')
ON CONFLICT (ref) DO UPDATE SET name = EXCLUDED.name;
-- read
SELECT name FROM customers JOIN orders ON client_ref = ref WHERE ref = :mine;
-- left
DELETE FROM orders WHERE id = :gone;
DELETE FROM customers WHERE ref = :gone RETURNING id;
