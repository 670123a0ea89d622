-- Publications, as the statements that make them; column lists and filters are from 15 on.
SELECT p.pubname AS name, p.puballtables AS all_tables, /*schemas*/ AS schemas,
       pg_catalog.obj_description(p.oid, 'pg_publication') AS comment,
       format('CREATE PUBLICATION %I%s WITH (publish = %L%s)', p.pubname,
              coalesce(CASE WHEN p.puballtables THEN ' FOR ALL TABLES' ELSE
                   (SELECT ' FOR TABLE ' || string_agg(
                           format('%I.%I', tn.nspname, t.relname)/*details*/, ', '
                           ORDER BY tn.nspname, t.relname)
                    FROM pg_catalog.pg_publication_rel AS r
                    JOIN pg_catalog.pg_class AS t ON t.oid = r.prrelid
                    JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
                    WHERE r.prpubid = p.oid) END, '')
              || coalesce((SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_publication_rel AS any_
                                                    WHERE any_.prpubid = p.oid) THEN ',' ELSE ' FOR' END
                                  || ' TABLES IN SCHEMA ' || string_agg(format('%I', name), ', ')
                           FROM unnest(/*schemas*/) AS name HAVING count(*) > 0), ''),
              concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                        CASE WHEN p.pubupdate THEN 'update' END,
                        CASE WHEN p.pubdelete THEN 'delete' END,
                        CASE WHEN p.pubtruncate THEN 'truncate' END),
              CASE WHEN p.pubviaroot THEN ', publish_via_partition_root' ELSE '' END
                || CASE WHEN to_jsonb(p) ->> 'pubgencols' = 's' THEN ', publish_generated_columns = stored' ELSE '' END) AS definition
FROM pg_catalog.pg_publication AS p
ORDER BY p.pubname
