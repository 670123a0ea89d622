DO $$ BEGIN CREATE ROLE zdm_reader; EXCEPTION WHEN duplicate_object THEN END $$;
CREATE TABLE t (id bigint PRIMARY KEY, a text, secret text);
INSERT INTO t SELECT g, g FROM generate_series(1, 50) AS g;
GRANT SELECT (id, a), INSERT (id, a), UPDATE (a) ON t TO zdm_reader;
