-- Live columns of tables, views and composite types are left out but for tables.
SELECT a.attrelid AS oid, a.attname AS name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       a.attnotnull AS not_null,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default,
       a.attidentity AS identity, a.attgenerated AS generated,
       CASE WHEN a.attcollation <> t.typcollation THEN
            (SELECT pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
             FROM pg_catalog.pg_collation AS co
             JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
             WHERE co.oid = a.attcollation) END AS collation,
       CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END AS storage,
       CASE WHEN a.attcompression <> '' THEN a.attcompression END AS compression,
       CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END AS statistics,
       coalesce(a.attoptions, '{}') AS options,
       coalesce(a.attfdwoptions, '{}') AS foreign_options,
       pg_catalog.col_description(a.attrelid, a.attnum) AS comment,
       /*grants a.attacl c.relowner c*/ AS grants,
       t.typtype = 'd' AND (t.typnotnull OR EXISTS (
            SELECT FROM pg_catalog.pg_constraint AS k WHERE k.contypid = t.oid)) AS constrained_domain,
       -- the most volatile function that the default calls, operators' functions included
       greatest(CASE WHEN d.adbin::text ~ 'SQLVALUEFUNCTION' THEN 1 ELSE 0 END,
           (SELECT max(CASE p.provolatile WHEN 'v' THEN 2 WHEN 's' THEN 1 ELSE 0 END)
            FROM regexp_matches(d.adbin::text, ':(funcid|opfuncid|opno) (\d+)', 'g') AS m
            LEFT JOIN pg_catalog.pg_operator AS o ON m[1] = 'opno' AND o.oid = m[2]::oid
            JOIN pg_catalog.pg_proc AS p
              ON p.oid = CASE m[1] WHEN 'opno' THEN o.oprcode ELSE m[2]::oid END),
           -- a cast through text: as volatile as the type's input function
           (SELECT max(CASE p.provolatile WHEN 'v' THEN 2 WHEN 's' THEN 1 ELSE 0 END)
            FROM regexp_matches(d.adbin::text, 'COERCEVIAIO :arg .*?:resulttype (\d+)', 'g') AS m
            JOIN pg_catalog.pg_type AS r ON r.oid = m[1]::oid
            JOIN pg_catalog.pg_proc AS p ON p.oid = r.typinput)) AS volatility
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND a.attnum > 0
  AND NOT a.attisdropped AND /*mine*/
ORDER BY a.attrelid, a.attnum
