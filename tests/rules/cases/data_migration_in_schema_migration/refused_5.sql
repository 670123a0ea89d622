WITH gone AS (DELETE FROM users WHERE name <> '' RETURNING id) SELECT count(*) FROM gone;
