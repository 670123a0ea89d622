-- Enums, domains, composite and range types, as the statements that make them.
SELECT n.nspname AS schema, c.typname AS name, c.typtype AS kind,
       ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum AS e
             WHERE e.enumtypid = c.oid ORDER BY e.enumsortorder)::text[] AS labels,
       c.typnotnull OR EXISTS (
           SELECT FROM pg_catalog.pg_constraint AS k WHERE k.contypid = c.oid) AS constrained,
       CASE c.typtype
            WHEN 'e' THEN format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, c.typname,
                 (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                  FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = c.oid))
            WHEN 'd' THEN format('CREATE DOMAIN %I.%I AS %s%s%s%s%s', n.nspname, c.typname,
                 format_type(c.typbasetype, c.typtypmod),
                 (SELECT ' COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
                  FROM pg_catalog.pg_collation AS co
                  JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
                  JOIN pg_catalog.pg_type AS b ON b.oid = c.typbasetype
                  WHERE co.oid = c.typcollation AND b.typcollation <> c.typcollation),
                 coalesce(' DEFAULT ' || c.typdefault, ''),
                 CASE WHEN c.typnotnull THEN ' NOT NULL' ELSE '' END,
                 (SELECT coalesce(string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.conname), '')
                  FROM pg_catalog.pg_constraint AS k WHERE k.contypid = c.oid AND k.contype = 'c'))
            WHEN 'c' THEN format('CREATE TYPE %I.%I AS (%s)', n.nspname, c.typname,
                 (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                             || coalesce((SELECT format(' COLLATE %I.%I', ln.nspname, lo.collname)
                                          FROM pg_catalog.pg_collation AS lo
                                          JOIN pg_catalog.pg_namespace AS ln ON ln.oid = lo.collnamespace
                                          JOIN pg_catalog.pg_type AS lt ON lt.oid = a.atttypid
                                          WHERE lo.oid = a.attcollation AND lt.typcollation <> a.attcollation), ''),
                             ', ' ORDER BY a.attnum)
                  FROM pg_catalog.pg_attribute AS a
                  WHERE a.attrelid = c.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
            ELSE format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s%s)', n.nspname, c.typname,
                 format_type(g.rngsubtype, NULL),
                 (SELECT coalesce(max(format(', SUBTYPE_OPCLASS = %I.%I', gn.nspname, gc.opcname)), '')
                  FROM pg_catalog.pg_opclass AS gc
                  JOIN pg_catalog.pg_namespace AS gn ON gn.oid = gc.opcnamespace
                  WHERE gc.oid = g.rngsubopc AND NOT gc.opcdefault)
                 || (SELECT coalesce(max(format(', COLLATION = %I.%I', ln.nspname, lo.collname)), '')
                     FROM pg_catalog.pg_collation AS lo
                     JOIN pg_catalog.pg_namespace AS ln ON ln.oid = lo.collnamespace
                     JOIN pg_catalog.pg_type AS lt ON lt.oid = g.rngsubtype
                     WHERE lo.oid = g.rngcollation AND lt.typcollation <> g.rngcollation)
                 || coalesce(', CANONICAL = ' || nullif(g.rngcanonical::text, '-'), '')
                 || coalesce(', SUBTYPE_DIFF = ' || nullif(g.rngsubdiff::text, '-'), '')
                 || (SELECT coalesce(max(format(', MULTIRANGE_TYPE_NAME = %I.%I', mn.nspname, mt.typname)), '')
                     FROM pg_catalog.pg_type AS mt
                     JOIN pg_catalog.pg_namespace AS mn ON mn.oid = mt.typnamespace
                     WHERE mt.oid = g.rngmultitypid AND mt.typname <> CASE
                           WHEN c.typname ~ 'range' THEN regexp_replace(c.typname, 'range', 'multirange')
                           ELSE c.typname || '_multirange' END))
       END AS definition,
       /*grants c.typacl c.typowner T*/ AS grants,
       pg_catalog.obj_description(c.oid, 'pg_type') AS comment
FROM pg_catalog.pg_type AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.typnamespace
LEFT JOIN pg_catalog.pg_class AS r ON r.oid = c.typrelid
LEFT JOIN pg_catalog.pg_range AS g ON g.rngtypid = c.oid
WHERE (c.typtype IN ('e', 'd', 'r') OR (c.typtype = 'c' AND r.relkind = 'c')) AND /*mine*/
ORDER BY n.nspname, c.typname
