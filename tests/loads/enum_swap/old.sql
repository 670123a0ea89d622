-- seen
UPDATE orders SET seen = seen + 1 WHERE id = :one;
-- open
INSERT INTO orders (id) VALUES (:new) RETURNING status;
-- paid
SELECT status FROM orders WHERE id = :mine FOR UPDATE;
UPDATE orders SET status = 'paid' WHERE id = :mine;
-- counted
SELECT count(*) FROM (SELECT FROM orders WHERE status = 'open' AND id > :one LIMIT 10) AS o;
-- left
DELETE FROM orders WHERE id = :gone AND status >= 'open';
