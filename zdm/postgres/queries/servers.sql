-- Foreign servers without their options, which may hold secrets.
SELECT c.srvname AS name, w.fdwname AS made_with, /*grants c.srvacl c.srvowner S*/ AS grants,
       pg_catalog.obj_description(c.oid, 'pg_foreign_server') AS comment
FROM pg_catalog.pg_foreign_server AS c
JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = c.srvfdw
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS own
                  WHERE own.classid = 'pg_catalog.pg_foreign_server'::pg_catalog.regclass
                    AND own.objid = c.oid AND own.deptype = 'e')
ORDER BY c.srvname
