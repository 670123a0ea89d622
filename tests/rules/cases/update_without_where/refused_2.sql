WITH changed AS (UPDATE users SET name = '' RETURNING *) SELECT count(*) FROM changed;
