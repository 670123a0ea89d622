INSERT INTO chi (id) SELECT 1000 + count(*) FROM par;
