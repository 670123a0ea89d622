-- Views and materialized views.
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
       pg_catalog.pg_get_viewdef(c.oid) AS definition,
       ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute AS a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY a.attnum)::text[] AS columns,
       coalesce(c.reloptions, '{}') AS options,
       ARRAY(SELECT pg_catalog.pg_get_indexdef(x.indexrelid) FROM pg_catalog.pg_index AS x
             WHERE x.indrelid = c.oid
             ORDER BY pg_catalog.pg_get_indexdef(x.indexrelid) COLLATE "C") AS indexes,
       ARRAY(SELECT pg_catalog.pg_get_triggerdef(t.oid) FROM pg_catalog.pg_trigger AS t
             WHERE t.tgrelid = c.oid AND NOT t.tgisinternal ORDER BY t.tgname) AS triggers,
       ARRAY(SELECT pg_catalog.pg_get_ruledef(r.oid) FROM pg_catalog.pg_rewrite AS r
             WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN' ORDER BY r.rulename) AS rules,
       ARRAY(SELECT format('ALTER TABLE %I.%I ALTER COLUMN %I SET DEFAULT %s', n.nspname, c.relname,
                           da.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid))
             FROM pg_catalog.pg_attrdef AS d
             JOIN pg_catalog.pg_attribute AS da ON da.attrelid = d.adrelid AND da.attnum = d.adnum
             WHERE d.adrelid = c.oid ORDER BY d.adnum)
       || ARRAY(SELECT format('COMMENT ON COLUMN %I.%I.%I IS %L', n.nspname, c.relname, ca.attname, o.description)
                FROM pg_catalog.pg_description AS o
                JOIN pg_catalog.pg_attribute AS ca ON ca.attrelid = o.objoid AND ca.attnum = o.objsubid
                WHERE o.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.objoid = c.oid
                  AND o.objsubid > 0 ORDER BY o.objsubid) AS details,
       /*grants c.relacl c.relowner r*/ AS grants,
       ARRAY(SELECT ga.attname || E'\x01' || item
             FROM pg_catalog.pg_attribute AS ga,
                  unnest(/*grants ga.attacl c.relowner c*/) AS item
             WHERE ga.attrelid = c.oid AND ga.attnum > 0 AND NOT ga.attisdropped
               AND ga.attacl IS NOT NULL
             ORDER BY ga.attnum, item COLLATE "C") AS column_grants,
       pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
       CASE WHEN c.relkind = 'm' AND c.reltuples >= 0 AND c.relpages > 0 THEN c.reltuples::bigint END AS rows,
       ARRAY(SELECT DISTINCT un.nspname || E'\x01' || u.relname || E'\x01' || coalesce(ua.attname, '')
             FROM pg_catalog.pg_rewrite AS r
             JOIN pg_catalog.pg_depend AS d
               ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
              AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> c.oid
             JOIN pg_catalog.pg_class AS u ON u.oid = d.refobjid
             JOIN pg_catalog.pg_namespace AS un ON un.oid = u.relnamespace
             LEFT JOIN pg_catalog.pg_attribute AS ua
                    ON ua.attrelid = u.oid AND ua.attnum = d.refobjsubid AND d.refobjsubid > 0
             WHERE r.ev_class = c.oid AND r.rulename = '_RETURN' ORDER BY 1) AS uses
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't' AND /*mine*/
ORDER BY n.nspname, c.relname
