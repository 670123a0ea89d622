-- Publications, as the statements that make them; column lists and filters are from 15 on.
SELECT p.pubname AS name, p.puballtables AS all_tables,
       format('CREATE PUBLICATION %I%s WITH (publish = %L%s)', p.pubname,
              CASE WHEN p.puballtables THEN ' FOR ALL TABLES' ELSE
                   (SELECT ' FOR TABLE ' || string_agg(
                           format('%I.%I', tn.nspname, t.relname)/*details*/, ', '
                           ORDER BY tn.nspname, t.relname)
                    FROM pg_catalog.pg_publication_rel AS r
                    JOIN pg_catalog.pg_class AS t ON t.oid = r.prrelid
                    JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
                    WHERE r.prpubid = p.oid) END,
              concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                        CASE WHEN p.pubupdate THEN 'update' END,
                        CASE WHEN p.pubdelete THEN 'delete' END,
                        CASE WHEN p.pubtruncate THEN 'truncate' END),
              CASE WHEN p.pubviaroot THEN ', publish_via_partition_root' ELSE '' END) AS definition
FROM pg_catalog.pg_publication AS p
ORDER BY p.pubname
