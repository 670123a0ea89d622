-- Carts that nobody ordered from, from before the shop kept them for a month only.
DELETE FROM orders WHERE status = 'cart' AND ordered_at < '2025-01-01';
