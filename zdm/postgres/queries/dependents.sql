-- What outside the table's own lists depends on one of its columns (facts, section 10).
SELECT * FROM (
SELECT d.refobjid AS oid, a.attname AS column,
       CASE d.classid
            WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN
                 CASE rc.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'rule' END
            WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN 'function'
            WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass THEN 'policy'
            WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass THEN 'foreign key'
            WHEN 'pg_catalog.pg_publication_rel'::pg_catalog.regclass THEN 'publication'
            WHEN 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass THEN 'statistics'
            WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN 'trigger'
            WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN 'generated column'
            ELSE d.classid::pg_catalog.regclass::text END AS kind,
       CASE WHEN d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND rc.relkind IN ('v', 'm')
            THEN rn.nspname || '.' || rc.relname
            ELSE pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) END AS name,
       bool_or(d.deptype = 'n') AS blocks
FROM pg_catalog.pg_depend AS d
JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
LEFT JOIN pg_catalog.pg_rewrite AS rw ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND rw.oid = d.objid
LEFT JOIN pg_catalog.pg_class AS rc ON rc.oid = rw.ev_class
LEFT JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
LEFT JOIN pg_catalog.pg_constraint AS k ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
LEFT JOIN pg_catalog.pg_attrdef AS ad ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND ad.oid = d.objid
LEFT JOIN pg_catalog.pg_trigger AS tg ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND tg.oid = d.objid
WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0
  AND c.relkind IN ('r', 'p', 'f')
  AND d.classid <> 'pg_catalog.pg_class'::pg_catalog.regclass
  AND d.classid <> 'pg_catalog.pg_type'::pg_catalog.regclass
  AND (k.oid IS NULL OR (k.contype = 'f' AND k.confrelid = c.oid AND k.conrelid <> c.oid))
  AND (ad.oid IS NULL OR NOT (ad.adrelid = c.oid AND ad.adnum = a.attnum))
  AND (tg.oid IS NULL OR NOT tg.tgisinternal)
  AND /*mine*/
GROUP BY 1, 2, 3, 4
) AS found ORDER BY oid, "column", kind COLLATE "C", name COLLATE "C"
