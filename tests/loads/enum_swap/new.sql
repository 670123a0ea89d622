-- seen
UPDATE orders SET seen = seen + 1 WHERE id = :one;
-- open
INSERT INTO orders (id, status) VALUES (:new, 'open');
-- refunded
SELECT status FROM orders WHERE id = :mine FOR UPDATE;
UPDATE orders SET status = 'refunded' WHERE id = :mine;
-- counted
SELECT count(*) FROM (SELECT FROM orders WHERE status = 'refunded' LIMIT 10) AS o;
-- left
DELETE FROM orders WHERE id = :gone AND status <= 'refunded';
