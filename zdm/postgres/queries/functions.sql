-- Functions and procedures; aggregates and window functions have no CREATE text in the catalog.
SELECT n.nspname AS schema, c.proname AS name,
       pg_catalog.pg_get_function_identity_arguments(c.oid) AS arguments,
       CASE WHEN c.prokind IN ('f', 'p') THEN pg_catalog.pg_get_functiondef(c.oid)
            ELSE pg_catalog.pg_describe_object('pg_catalog.pg_proc'::pg_catalog.regclass, c.oid, 0)
       END AS definition,
       l.lanname AS language, c.provolatile AS volatility,
       /*grants c.proacl c.proowner f*/ AS grants,
       pg_catalog.obj_description(c.oid, 'pg_proc') AS comment
FROM pg_catalog.pg_proc AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.pronamespace
JOIN pg_catalog.pg_language AS l ON l.oid = c.prolang
WHERE /*mine*/
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS made  -- constructors of range types
                  WHERE made.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    AND made.objid = c.oid AND made.deptype = 'i')
ORDER BY n.nspname, c.proname, 3
