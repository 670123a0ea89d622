-- orders
WITH placed AS (
    SELECT DISTINCT ON (key) key, CASE what WHEN 'moved' THEN one ELSE key END AS customer_id
    FROM told WHERE what IN ('ordered', 'moved', 'back') ORDER BY key, n DESC
), expected AS (
    SELECT g::bigint AS id, g::bigint AS customer_id FROM generate_series(1, :rows) AS g
    WHERE g % 100 <> 0
    UNION ALL
    SELECT key, customer_id FROM placed JOIN state USING (key)
    WHERE what <> 'left' AND (what <> 'orphaned' OR customer_id <> key)
)
SELECT id, orders.customer_id, expected.customer_id FROM orders FULL JOIN expected USING (id)
WHERE orders.customer_id IS DISTINCT FROM expected.customer_id;
-- seen
SELECT id, seen, times
FROM orders LEFT JOIN (
    SELECT key, count(*) AS times FROM told WHERE what = 'back' GROUP BY key
) AS t ON key = id
WHERE seen <> coalesce(times, 0);
