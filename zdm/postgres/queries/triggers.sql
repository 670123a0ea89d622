-- Triggers that a person made.
SELECT t.tgrelid AS oid, t.tgname AS name, pg_catalog.pg_get_triggerdef(t.oid) AS definition,
       fn.nspname AS function_schema, f.proname AS function_name, t.tgenabled AS enabled,
       ARRAY(SELECT DISTINCT a.attname FROM pg_catalog.pg_depend AS d
             JOIN pg_catalog.pg_attribute AS a
               ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
             WHERE d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.objid = t.oid
               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
               AND d.refobjid = t.tgrelid AND d.refobjsubid > 0 ORDER BY 1)::text[] AS columns,
       t.tgparentid <> 0 AS inherited,
       pg_catalog.obj_description(t.oid, 'pg_trigger') AS comment
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.pronamespace
WHERE NOT t.tgisinternal AND c.relkind IN ('r', 'p', 'f') AND /*mine*/
ORDER BY t.tgrelid, t.tgname
