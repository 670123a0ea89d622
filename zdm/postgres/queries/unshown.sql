-- What a question to the catalog may find and a Snapshot does not show: names in the schema of zdm
-- and of members of extensions; those of the server are the same everywhere and not read. And the
-- relations that the role does not own, which information_schema may hide from it.
WITH left_out AS (
  SELECT c.oid, n.nspname, c.relname
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relname !~ '^pg_' AND (NOT /*mine*/ OR c.relpersistence = 't')
    AND n.nspname NOT IN ('information_schema', 'pg_catalog')
)
SELECT nspname AS schema, relname AS name, true AS left_out FROM left_out
UNION
SELECT l.nspname, i.relname, true FROM pg_catalog.pg_index AS x
JOIN left_out AS l ON l.oid = x.indrelid
JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
UNION
SELECT l.nspname, k.conname, true FROM pg_catalog.pg_constraint AS k
JOIN left_out AS l ON l.oid = k.conrelid
UNION
SELECT n.nspname, t.typname, true FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.typname !~ '^(pg_|_)'
  AND n.nspname NOT IN ('information_schema', 'pg_catalog')
  AND (n.nspname ~ '^pg_' OR n.nspname = 'zdm'
       OR EXISTS (SELECT FROM pg_catalog.pg_depend AS own
                  WHERE own.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
                    AND own.objid = t.oid AND own.deptype = 'e'))
UNION
SELECT n.nspname, c.relname, false
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v') AND c.oid >= 16384
  AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') AND /*mine*/
