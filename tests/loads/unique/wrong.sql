-- seen
SELECT id, seen, times
FROM users LEFT JOIN (
    SELECT one, count(*) AS times FROM told WHERE what = 'seen' GROUP BY one
) AS t ON one = id
WHERE seen <> CASE WHEN id > :rows THEN 1 ELSE coalesce(times, 0) END;
-- emails
WITH expected AS (
    SELECT g::bigint AS id, 'u' || g AS email FROM generate_series(1, :rows) AS g
    UNION ALL
    SELECT key, CASE what WHEN 'moved' THEN 'second' ELSE 'first' END || key
    FROM state WHERE what <> 'left'
)
SELECT id, users.email, expected.email FROM users FULL JOIN expected USING (id)
WHERE users.email IS DISTINCT FROM expected.email;
-- indexes
SELECT indexrelid::regclass FROM pg_index
WHERE indrelid = 'users'::regclass AND NOT (indisvalid AND indisunique);
