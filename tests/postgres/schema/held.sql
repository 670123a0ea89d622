-- zdm.held(): everything that schema.apply says of a database, as rows of (kind, key, value); one
-- function, so that a read costs little. Texts of expressions and columns of views are no part of
-- it. zdm.clean() empties the database.
CREATE SCHEMA zdm;
CREATE FUNCTION zdm.held() RETURNS TABLE (kind text, key text[], value text[])
LANGUAGE plpgsql SET search_path = '' AS $$ BEGIN RETURN QUERY
WITH mine AS MATERIALIZED (
  SELECT n.oid, n.nspname::text AS name FROM pg_catalog.pg_namespace AS n
  WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'zdm')
), owned AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d WHERE d.deptype = 'e'
), relation AS MATERIALIZED (
  SELECT c.oid, n.name AS schema, c.relname::text AS name, c.relkind, c.relispartition
  FROM pg_catalog.pg_class AS c JOIN mine AS n ON n.oid = c.relnamespace
  WHERE c.relpersistence <> 't' AND NOT EXISTS (
    SELECT FROM owned AS o WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
       AND o.objid = c.oid)
), tables AS MATERIALIZED (
  SELECT * FROM relation AS r WHERE r.relkind IN ('r', 'p', 'f')
)
SELECT 'schema', ARRAY[m.name], ARRAY[]::text[] FROM mine AS m
UNION ALL
SELECT 'table', ARRAY[t.schema, t.name],
       ARRAY[t.relkind::text, t.relispartition::text] || ARRAY(
         SELECT n.nspname || '.' || p.relname FROM pg_catalog.pg_inherits AS i
         JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
         JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
         WHERE i.inhrelid = t.oid ORDER BY i.inhseqno)
FROM tables AS t
UNION ALL
SELECT 'view', ARRAY[r.schema, r.name], ARRAY[r.relkind::text]
FROM relation AS r WHERE r.relkind IN ('v', 'm')
UNION ALL
SELECT 'sequence', ARRAY[r.schema, r.name], ARRAY(
  SELECT unnest(ARRAY[n.nspname || '.' || o.relname, a.attname::text, d.deptype::text])
  FROM pg_catalog.pg_depend AS d
  JOIN pg_catalog.pg_class AS o ON o.oid = d.refobjid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = o.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = r.oid
    AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)
FROM relation AS r WHERE r.relkind = 'S'
UNION ALL
SELECT 'column', ARRAY[t.schema, t.name, a.attname],
       ARRAY[pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
             a.atthasdef::text, a.attidentity::text, a.attgenerated::text]
FROM tables AS t JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid
WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', ARRAY[t.schema, t.name, k.conname],
       ARRAY[k.contype::text, k.convalidated::text,
             coalesce((SELECT n.nspname || '.' || o.relname FROM pg_catalog.pg_class AS o
                       JOIN pg_catalog.pg_namespace AS n ON n.oid = o.relnamespace
                       WHERE o.oid = k.confrelid), '')]
       || ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (num, place)
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.num
                ORDER BY CASE k.contype WHEN 'c' THEN 0 ELSE u.place END, a.attname)
       || ARRAY(SELECT '>' || a.attname FROM unnest(k.confkey) WITH ORDINALITY AS u (num, place)
                JOIN pg_catalog.pg_attribute AS a
                  ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY u.place)
FROM tables AS t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid
WHERE k.contype <> 't' AND k.conparentid = 0
UNION ALL
SELECT 'index', ARRAY[t.schema, t.name, i.relname],
       ARRAY[x.indisunique::text, coalesce((
         SELECT k.conname::text FROM pg_catalog.pg_constraint AS k
         WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x') LIMIT 1), '')]
       || ARRAY(SELECT coalesce(a.attname::text, '')
                FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS u (num, place)
                LEFT JOIN pg_catalog.pg_attribute AS a
                  ON a.attrelid = x.indrelid AND a.attnum = u.num AND u.num <> 0
                WHERE u.place <= x.indnkeyatts ORDER BY u.place)
FROM tables AS t JOIN pg_catalog.pg_index AS x ON x.indrelid = t.oid
JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
UNION ALL
SELECT 'type', ARRAY[n.name, y.typname], ARRAY[y.typtype::text] || ARRAY(
  SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = y.oid
  ORDER BY e.enumsortorder)
FROM pg_catalog.pg_type AS y JOIN mine AS n ON n.oid = y.typnamespace
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = y.typrelid
WHERE (y.typtype IN ('e', 'd', 'r') OR (y.typtype = 'c' AND c.relkind = 'c'))
  AND NOT EXISTS (SELECT FROM owned AS o
                  WHERE o.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND o.objid = y.oid)
UNION ALL
SELECT 'function', ARRAY[n.name, p.proname], ARRAY[count(*)::text]
FROM pg_catalog.pg_proc AS p JOIN mine AS n ON n.oid = p.pronamespace
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                  WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
GROUP BY n.name, p.proname
UNION ALL
SELECT 'trigger', ARRAY[t.schema, t.name, g.tgname], ARRAY[]::text[]
FROM tables AS t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
UNION ALL
SELECT 'extension', ARRAY[e.extname], ARRAY[]::text[] FROM pg_catalog.pg_extension AS e
WHERE e.extname <> 'plpgsql';
END $$;
CREATE PROCEDURE zdm.clean() LANGUAGE plpgsql AS $$ DECLARE name text; BEGIN
  FOR name IN SELECT n.nspname FROM pg_catalog.pg_namespace AS n
              WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'zdm')
  LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
  FOR name IN SELECT p.pubname FROM pg_catalog.pg_publication AS p
  LOOP EXECUTE format('DROP PUBLICATION %I CASCADE', name); END LOOP;
  CREATE SCHEMA public;
END $$;
