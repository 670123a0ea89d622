-- seen
SELECT id, seen, times
FROM customers LEFT JOIN (
    SELECT one, count(*) AS times FROM told WHERE what = 'seen' GROUP BY one
) AS t ON one = id
WHERE seen <> coalesce(times, 0);
-- orders
WITH expected AS (
    SELECT g::bigint AS id, g::bigint AS customer_id FROM generate_series(1, :rows) AS g
    UNION ALL
    SELECT key, CASE what WHEN 'moved' THEN one ELSE key END FROM state WHERE what <> 'left'
)
SELECT id, orders.customer_id, expected.customer_id
FROM orders FULL JOIN expected USING (id)
WHERE orders.customer_id IS DISTINCT FROM expected.customer_id;
-- customers
SELECT id, what FROM customers FULL JOIN state ON id = key
WHERE (id IS NULL OR id > :rows) AND (id IS NOT NULL) <> coalesce(what <> 'left', false);
