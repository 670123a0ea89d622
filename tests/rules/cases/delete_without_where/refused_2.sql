WITH gone AS (DELETE FROM users RETURNING *) SELECT count(*) FROM gone;
