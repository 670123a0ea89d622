-- Carts that nobody ordered from go; VACUUM, new statistics and a new index follow.
DELETE FROM orders WHERE status = 'cart' AND ordered_at < '2025-01-01';
VACUUM (ANALYZE) orders;
REINDEX INDEX CONCURRENTLY orders_pkey;
