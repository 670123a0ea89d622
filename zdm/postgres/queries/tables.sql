-- Ordinary, partitioned and foreign tables, with what belongs to the table as a whole.
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
       c.relpersistence AS persistence, c.relreplident AS replica_identity,
       c.relrowsecurity AS row_security, c.relforcerowsecurity AS force_row_security,
       coalesce(ft.ftoptions, c.reloptions, '{}') AS options,
       fs.srvname AS server,
       pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
       /*grants c.relacl c.relowner r*/ AS grants,
       pg_catalog.pg_get_partkeydef(c.oid) AS partition_key,
       pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_bound,
       ARRAY(SELECT pn.nspname || '.' || p.relname FROM pg_catalog.pg_inherits AS i
             JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
             JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
             WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents,
       c.relispartition AS is_partition,
       -- as many as there were for each page at the last count, on the pages of today
       CASE WHEN c.relkind <> 'r' AND c.reltuples >= 0 THEN c.reltuples::bigint
            WHEN c.reltuples >= 0 AND c.relpages > 0
            THEN greatest(c.reltuples::float8, c.reltuples::float8 / c.relpages
                 * (pg_catalog.pg_relation_size(c.oid)
                    / pg_catalog.current_setting('block_size')::bigint))::bigint
            WHEN c.reltuples = 0 AND pg_catalog.pg_relation_size(c.oid) = 0 THEN 0
       END AS rows,
       pg_catalog.pg_relation_size(c.oid) AS heap_bytes,
       pg_catalog.pg_total_relation_size(c.oid) AS total_bytes,
       ARRAY(SELECT pg_catalog.pg_get_statisticsobjdef(s.oid) FROM pg_catalog.pg_statistic_ext AS s
             WHERE s.stxrelid = c.oid ORDER BY pg_catalog.pg_get_statisticsobjdef(s.oid) COLLATE "C") AS statistics,
       ARRAY(SELECT pg_catalog.pg_get_ruledef(r.oid)
                    || CASE r.ev_enabled WHEN 'O' THEN '' ELSE
                       format(E'\nALTER TABLE %I.%I %s RULE %I;', n.nspname, c.relname,
                              CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                                   ELSE 'ENABLE ALWAYS' END, r.rulename) END
                    || coalesce(format(E'\nCOMMENT ON RULE %I ON %I.%I IS ', r.rulename, n.nspname, c.relname)
                                || quote_literal(pg_catalog.obj_description(r.oid, 'pg_rewrite')) || ';', '')
             FROM pg_catalog.pg_rewrite AS r
             WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN' ORDER BY r.rulename) AS rules,
       ARRAY(SELECT p.pubname FROM pg_catalog.pg_publication_rel AS r
             JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
             WHERE r.prrelid = c.oid ORDER BY 1)::text[] AS publications
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_foreign_table AS ft ON ft.ftrelid = c.oid
LEFT JOIN pg_catalog.pg_foreign_server AS fs ON fs.oid = ft.ftserver
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND /*mine*/
ORDER BY n.nspname, c.relname
