-- Indexes with every column that they mention: keys, INCLUDE, expressions, predicate.
SELECT x.indrelid AS oid, i.relname AS name, pg_catalog.pg_get_indexdef(x.indexrelid) AS definition,
       ARRAY(SELECT a.attname FROM unnest(x.indkey) WITH ORDINALITY AS u (num, position)
             LEFT JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = x.indrelid AND a.attnum = u.num AND u.num <> 0
             WHERE u.position <= x.indnkeyatts ORDER BY u.position)::text[] AS keys,
       ARRAY(SELECT DISTINCT a.attname FROM pg_catalog.pg_depend AS d
             JOIN pg_catalog.pg_attribute AS a
               ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
             WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = x.indexrelid
               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
               AND d.refobjid = x.indrelid AND d.refobjsubid > 0
             UNION SELECT a.attname FROM unnest(x.indkey) AS u (num)
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = u.num
             WHERE u.num > 0 ORDER BY 1)::text[] AS columns,
       x.indisunique AS unique, x.indisvalid AS valid, x.indisready AS ready,
       pg_catalog.pg_get_expr(x.indpred, x.indrelid) AS predicate,
       (SELECT k.conname FROM pg_catalog.pg_constraint AS k
        WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x') LIMIT 1) AS constraint,
       pg_catalog.obj_description(x.indexrelid, 'pg_class') AS comment,
       x.indisreplident AS replica_identity, x.indisclustered AS clustered,
       ARRAY(SELECT a.attnum::text || '=' || a.attstattarget::text FROM pg_catalog.pg_attribute AS a
             WHERE a.attrelid = x.indexrelid AND a.attstattarget >= 0 ORDER BY 1) AS statistics,
       pg_catalog.pg_relation_size(x.indexrelid) AS bytes
FROM pg_catalog.pg_index AS x
JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND /*mine*/
ORDER BY x.indrelid, i.relname
