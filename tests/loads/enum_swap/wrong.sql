-- seen
SELECT id, seen, times
FROM orders LEFT JOIN (
    SELECT one, count(*) AS times FROM told WHERE what = 'seen' GROUP BY one
) AS t ON one = id
WHERE seen <> coalesce(times, 0);
-- labels
WITH expected AS (
    SELECT g::bigint AS id, (ARRAY['open', 'paid'])[1 + g % 2] AS status
    FROM generate_series(1, :rows) AS g
    UNION ALL
    SELECT key, what FROM state WHERE what <> 'left'
)
SELECT id, orders.status, expected.status FROM orders FULL JOIN expected USING (id)
WHERE orders.status::text IS DISTINCT FROM expected.status;
