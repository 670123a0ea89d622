UPDATE users SET name = '' WHERE id = 7;
WITH gone AS (DELETE FROM users WHERE id = 7 RETURNING id) SELECT count(*) FROM gone;
