-- visits
WITH placed AS (
    SELECT DISTINCT ON (key) key, CASE what WHEN 'moved' THEN one ELSE key END AS customer_id
    FROM told WHERE what IN ('visited', 'moved', 'back') ORDER BY key, n DESC
), expected AS (
    SELECT g::bigint AS id, CASE WHEN g % 100 <> 0 THEN g::bigint END AS customer_id
    FROM generate_series(1, :rows) AS g
    UNION ALL
    SELECT key, CASE WHEN what <> 'orphaned' OR customer_id <> key THEN customer_id END
    FROM placed JOIN state USING (key) WHERE what <> 'left'
    UNION ALL
    SELECT :rows + g, NULL FROM generate_series(1, 2) AS g
)
SELECT id, visits.customer_id, expected.customer_id FROM visits FULL JOIN expected USING (id)
WHERE visits.customer_id IS DISTINCT FROM expected.customer_id
OR visits.id IS NULL OR expected.id IS NULL;
-- seen
SELECT id, seen, times
FROM visits LEFT JOIN (
    SELECT key, count(*) AS times FROM told WHERE what = 'back' GROUP BY key
) AS t ON key = id
WHERE seen <> coalesce(times, 0);
