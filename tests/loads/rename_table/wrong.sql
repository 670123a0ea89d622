-- seen
SELECT ref, seen, times
FROM customers LEFT JOIN (
    SELECT one, count(*) AS times FROM told WHERE what = 'seen' GROUP BY one
) AS t ON one = ref
WHERE seen <> coalesce(times, 0);
-- names
WITH expected AS (
    SELECT g::bigint AS ref, 'c' || g AS name FROM generate_series(1, :rows) AS g
    UNION ALL
    SELECT key, what FROM state WHERE what <> 'left'
)
SELECT ref, customers.name, expected.name FROM customers FULL JOIN expected USING (ref)
WHERE customers.name IS DISTINCT FROM expected.name;
-- orders
SELECT id, key FROM orders FULL JOIN (SELECT key FROM state WHERE what <> 'left') AS s
ON key = id AND key = client_ref
WHERE key IS NULL OR id IS NULL;
