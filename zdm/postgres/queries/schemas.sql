-- Grants and comments of schemas; `first` is what PUBLIC has in a new database's schema public.
SELECT n.nspname AS name, /*grants n.nspacl n.nspowner n*/ AS grants,
       pg_catalog.obj_description(n.oid, 'pg_namespace') AS comment,
       CASE WHEN current_setting('server_version_num')::int < 150000 THEN '=UC/' ELSE '=U/' END AS first
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'zdm')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS own
                  WHERE own.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                    AND own.objid = n.oid AND own.deptype = 'e')
ORDER BY n.nspname
