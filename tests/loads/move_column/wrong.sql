-- seen
SELECT id, seen, times
FROM users LEFT JOIN (
    SELECT one, count(*) AS times FROM told WHERE what = 'seen' GROUP BY one
) AS t ON one = id
WHERE seen <> coalesce(times, 0);
-- counted
SELECT user_id, bio, times
FROM profiles LEFT JOIN (
    SELECT one, count(*) AS times FROM told WHERE what = 'counted' GROUP BY one
) AS t ON one = user_id
WHERE length(bio) - length(replace(bio, '+', '')) <> coalesce(times, 0)
    OR (bio IS NULL AND times > 0);
-- names
WITH expected AS (
    SELECT g::bigint AS user_id, 'u' || g AS name FROM generate_series(1, :rows) AS g
    UNION ALL
    SELECT key, what FROM state WHERE what <> 'left'
)
SELECT user_id, profiles.name, expected.name FROM profiles FULL JOIN expected USING (user_id)
WHERE profiles.name IS DISTINCT FROM expected.name;
