-- Constraints of tables; from PostgreSQL 18 on NOT NULL is one of them.
SELECT k.conrelid AS oid, k.conname AS name, k.contype AS kind,
       ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY AS u (num, position)
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.num
             ORDER BY u.position)::text[] AS columns,
       pg_catalog.pg_get_constraintdef(k.oid) AS definition, k.convalidated AS validated,
       rn.nspname AS references_schema, r.relname AS references_name,
       ARRAY(SELECT a.attname FROM unnest(k.confkey) WITH ORDINALITY AS u (num, position)
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.num
             ORDER BY u.position)::text[] AS referenced_columns,
       CASE WHEN k.contype IN ('p', 'u', 'x') THEN i.relname END AS index,
       pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment,
       NOT k.conislocal AS inherited
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class AS r ON r.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
LEFT JOIN pg_catalog.pg_class AS i ON i.oid = k.conindid
WHERE c.relkind IN ('r', 'p', 'f') AND k.contype <> 't' AND k.conparentid = 0 AND /*mine*/
ORDER BY k.conrelid, k.conname
