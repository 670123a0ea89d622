-- Orders from before the status existed were all delivered.
UPDATE orders SET status = 'shipped' WHERE status = 'new' AND ordered_at < '2025-09-01';
