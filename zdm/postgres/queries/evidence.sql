-- What the contract relies on: kind, name, identity, definition, binding. Names are qualified,
-- and read under one search_path, so that the same object gives the same text each time.
WITH RECURSIVE named AS (
    SELECT DISTINCT pg_catalog.to_regclass(t)::oid AS oid FROM unnest(%(tables)s::text[]) AS t
), family AS (
    SELECT oid FROM named WHERE oid IS NOT NULL
    UNION
    SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i JOIN family AS f ON f.oid = i.inhparent
), relations AS (
    SELECT c.oid, c.relnamespace, c.relfilenode, c.relkind, c.relrowsecurity,
           c.relforcerowsecurity, format('%%I.%%I', n.nspname, c.relname) AS name,
           c.oid IN (SELECT oid FROM named) AS is_named
    FROM family AS f
    JOIN pg_catalog.pg_class AS c ON c.oid = f.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
), columns AS (
    SELECT a.attrelid, a.attnum, a.attname::text AS name
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ANY (ARRAY(SELECT oid FROM relations)) -- by its index
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attname::text = ANY (%(words)s::text[])
), words AS (
    SELECT DISTINCT name, name ~ '^\w+$' AS is_plain FROM columns
), triggers AS (
    SELECT t.oid, t.xmin, t.tgname::text AS name, t.tgenabled, t.tgfoid, r.name AS relation,
           pg_catalog.pg_get_triggerdef(t.oid) AS definition
    FROM pg_catalog.pg_trigger AS t JOIN relations AS r ON r.oid = t.tgrelid
    WHERE NOT t.tgisinternal OR (t.tgparentid <> 0 AND t.tgconstraint = 0)
), functions AS (
    SELECT p.oid, p.xmin, starts_with(p.proname::text, 'zdm_') AS is_own, p.prosrc,
           CASE WHEN starts_with(p.proname::text, 'zdm_') -- it can be made again from this
                THEN pg_catalog.pg_get_functiondef(p.oid)
                ELSE md5(pg_catalog.pg_get_functiondef(p.oid) || p.proowner) END AS definition,
           EXISTS (SELECT FROM words AS w WHERE CASE WHEN w.is_plain
                   THEN lower(w.name) = ANY (regexp_split_to_array(lower(p.prosrc), '\W+'))
                   ELSE strpos(p.prosrc, w.name) > 0 END) AS names_column
    FROM pg_catalog.pg_proc AS p
    WHERE p.prokind = 'f' AND p.oid = ANY (ARRAY(
        SELECT tgfoid FROM triggers
        UNION SELECT own.oid FROM pg_catalog.pg_proc AS own
        WHERE own.proname >= 'zdm_' AND own.proname < 'zdm`' -- an index has their order
          AND own.pronamespace IN (SELECT relnamespace FROM relations)))
), dependents AS (
    SELECT d.classid, d.objid, d.objsubid
    FROM pg_catalog.pg_depend AS d JOIN columns AS c ON d.refobjid = c.attrelid
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid = c.attnum
      -- its own default and NOT NULL are facts of the column
      AND NOT (d.classid = 'pg_catalog.pg_attrdef'::regclass AND EXISTS (
          SELECT FROM pg_catalog.pg_attrdef AS v
          WHERE v.oid = d.objid AND (v.adrelid, v.adnum) = (c.attrelid, c.attnum)))
      AND NOT (d.classid = 'pg_catalog.pg_constraint'::regclass AND EXISTS (
          SELECT FROM pg_catalog.pg_constraint AS n WHERE n.oid = d.objid AND n.contype = 'n'))
    UNION
    SELECT d.classid, d.objid, d.objsubid
    FROM pg_catalog.pg_depend AS d JOIN relations AS r ON d.refobjid = r.oid
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid = 0
      AND d.classid = 'pg_catalog.pg_rewrite'::regclass
)
SELECT 'table', name, oid || ' ' || relfilenode,
       concat(relkind, ' ', relrowsecurity, ' ', relforcerowsecurity), is_named
FROM relations
UNION ALL
SELECT 'trigger', format('%%I on %%s', t.name, t.relation), t.oid || ' ' || t.xmin,
       concat(t.tgenabled, ' ', t.definition),
       starts_with(t.name, 'zzz_zdm_') OR f.names_column OR EXISTS (
           SELECT FROM words AS w WHERE w.is_plain AND lower(w.name)
               = ANY (regexp_split_to_array(lower(t.definition), '\W+')))
FROM triggers AS t LEFT JOIN functions AS f ON f.oid = t.tgfoid
UNION ALL
SELECT 'function', o.identity, f.oid || ' ' || f.xmin, f.definition, f.is_own OR f.names_column
FROM functions AS f,
     pg_catalog.pg_identify_object('pg_catalog.pg_proc'::regclass, f.oid, 0) AS o
UNION ALL
SELECT 'column', format('%%s.%%I', r.name, a.attname), concat(a.attnum, ' ', a.xmin),
       concat_ws(E'\n', pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
                 concat(a.attidentity, a.attgenerated),
                 pg_catalog.pg_get_expr(d.adbin, d.adrelid)),
       a.attname::text = ANY (%(words)s::text[])
FROM relations AS r
JOIN pg_catalog.pg_attribute AS a
  ON a.attrelid = r.oid AND a.attrelid = ANY (ARRAY(SELECT oid FROM relations))
     AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
UNION ALL
SELECT coalesce(v.kind, o.type), coalesce(v.name, o.identity), '', CASE d.classid
         WHEN 'pg_catalog.pg_constraint'::regclass
             THEN pg_catalog.pg_get_constraintdef(d.objid)
         WHEN 'pg_catalog.pg_rewrite'::regclass THEN md5(pg_catalog.pg_get_ruledef(d.objid))
         WHEN 'pg_catalog.pg_class'::regclass
             THEN (SELECT pg_catalog.pg_get_indexdef(i.indexrelid)
                   FROM pg_catalog.pg_index AS i WHERE i.indexrelid = d.objid)
       END, true
FROM dependents AS d
CROSS JOIN pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) AS o
LEFT JOIN (
    SELECT w.oid, CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END AS kind,
           format('%%I.%%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_rewrite AS w
    JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE w.rulename = '_RETURN'
) AS v ON v.oid = d.objid AND d.classid = 'pg_catalog.pg_rewrite'::regclass
WHERE d.classid <> 'pg_catalog.pg_trigger'::regclass AND NOT (
    d.classid = 'pg_catalog.pg_class'::regclass AND EXISTS (
        SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = d.objid AND NOT i.indisvalid))
UNION ALL
SELECT 'subscription', format('%%I into %%s', s.subname, r.name), '', '', true
FROM pg_catalog.pg_subscription_rel AS sr
JOIN relations AS r ON r.oid = sr.srrelid
JOIN pg_catalog.pg_subscription AS s ON s.oid = sr.srsubid
