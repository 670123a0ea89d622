INSERT INTO grand (id, a) SELECT 1000 + count(*), 'x' FROM par;
