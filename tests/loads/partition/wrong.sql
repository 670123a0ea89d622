-- seen
SELECT ref, seen, times
FROM events LEFT JOIN (
    SELECT one, count(*) AS times FROM told WHERE what = 'seen' GROUP BY one
) AS t ON one = ref
WHERE seen <> coalesce(times, 0);
-- names
WITH expected AS (
    SELECT g::bigint AS ref, 'e' || g AS name FROM generate_series(1, :rows) AS g
    UNION ALL
    SELECT key, what FROM state WHERE what <> 'left'
)
SELECT ref, events.name, expected.name FROM events FULL JOIN expected USING (ref)
WHERE events.name IS DISTINCT FROM expected.name;
-- numbers
SELECT id, count(*) FROM events GROUP BY id HAVING count(*) > 1;
