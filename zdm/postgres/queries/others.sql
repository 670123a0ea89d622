-- Objects of kinds that have no list of their own, named as PostgreSQL identifies them; those that
-- only a superuser may make, and those that may hold secrets, have no definition.
SELECT i.type AS kind, i.identity AS name, coalesce(f.definition, '') AS definition,
       CASE WHEN f.definition IS NOT NULL THEN pg_catalog.obj_description(f.object, f.catalog) END AS comment
FROM (
  SELECT 'pg_operator' AS catalog, o.oid AS object, o.oprnamespace AS namespace,
         format('CREATE OPERATOR %I.%s (%s)', n.nspname, o.oprname, concat_ws(', ',
                'FUNCTION = ' || o.oprcode::text,
                'LEFTARG = ' || CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END,
                'RIGHTARG = ' || CASE WHEN o.oprright <> 0 THEN format_type(o.oprright, NULL) END,
                (SELECT format('COMMUTATOR = OPERATOR(%I.%s)', xn.nspname, x.oprname)
                 FROM pg_catalog.pg_operator AS x JOIN pg_catalog.pg_namespace AS xn ON xn.oid = x.oprnamespace
                 WHERE x.oid = o.oprcom),
                (SELECT format('NEGATOR = OPERATOR(%I.%s)', xn.nspname, x.oprname)
                 FROM pg_catalog.pg_operator AS x JOIN pg_catalog.pg_namespace AS xn ON xn.oid = x.oprnamespace
                 WHERE x.oid = o.oprnegate),
                'RESTRICT = ' || nullif(o.oprrest::text, '-'), 'JOIN = ' || nullif(o.oprjoin::text, '-'),
                CASE WHEN o.oprcanhash THEN 'HASHES' END, CASE WHEN o.oprcanmerge THEN 'MERGES' END)) AS definition
  FROM pg_catalog.pg_operator AS o JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
  WHERE o.oprcode <> 0
  UNION ALL
  SELECT 'pg_cast', k.oid, 0, format('CREATE CAST (%s AS %s) %s%s', format_type(k.castsource, NULL),
         format_type(k.casttarget, NULL),
         CASE k.castmethod WHEN 'b' THEN 'WITHOUT FUNCTION' WHEN 'i' THEN 'WITH INOUT'
              ELSE 'WITH FUNCTION ' || k.castfunc::regprocedure::text END,
         CASE k.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END)
  FROM pg_catalog.pg_cast AS k
  UNION ALL
  SELECT 'pg_collation', l.oid, l.collnamespace, format('CREATE COLLATION %I.%I (%s)', n.nspname, l.collname,
         concat_ws(', ', 'PROVIDER = ' || CASE l.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
                   CASE WHEN l.collprovider = 'c' THEN format('LC_COLLATE = %L, LC_CTYPE = %L', l.collcollate, l.collctype)
                        ELSE format('LOCALE = %L', coalesce(j.row ->> 'colllocale', j.row ->> 'colliculocale', l.collcollate)) END,
                   'RULES = ' || quote_literal(j.row ->> 'collicurules'),
                   CASE WHEN NOT l.collisdeterministic THEN 'DETERMINISTIC = false' END))
  FROM pg_catalog.pg_collation AS l JOIN pg_catalog.pg_namespace AS n ON n.oid = l.collnamespace
  CROSS JOIN LATERAL (SELECT to_jsonb(l)) AS j (row)
  UNION ALL
  SELECT 'pg_conversion', v.oid, v.connamespace, format('CREATE%s CONVERSION %I.%I FOR %L TO %L FROM %s',
         CASE WHEN v.condefault THEN ' DEFAULT' ELSE '' END, n.nspname, v.conname,
         pg_encoding_to_char(v.conforencoding), pg_encoding_to_char(v.contoencoding), v.conproc::text)
  FROM pg_catalog.pg_conversion AS v JOIN pg_catalog.pg_namespace AS n ON n.oid = v.connamespace
  UNION ALL
  SELECT 'pg_ts_dict', t.oid, t.dictnamespace, format('CREATE TEXT SEARCH DICTIONARY %I.%I (TEMPLATE = %I.%I%s)',
         n.nspname, t.dictname, mn.nspname, m.tmplname, ', ' || t.dictinitoption)
  FROM pg_catalog.pg_ts_dict AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.dictnamespace
  JOIN pg_catalog.pg_ts_template AS m ON m.oid = t.dicttemplate
  JOIN pg_catalog.pg_namespace AS mn ON mn.oid = m.tmplnamespace
  UNION ALL
  SELECT 'pg_ts_config', t.oid, t.cfgnamespace,
         format('CREATE TEXT SEARCH CONFIGURATION %I.%I (PARSER = %I.%I)', n.nspname, t.cfgname, pn.nspname, p.prsname)
         || coalesce((SELECT string_agg(format(E';\nALTER TEXT SEARCH CONFIGURATION %I.%I ADD MAPPING FOR %I WITH %s',
                                               n.nspname, t.cfgname, e.token, e.dictionaries), '' ORDER BY e.token)
                      FROM (SELECT (SELECT k.alias FROM ts_token_type(t.cfgparser) AS k WHERE k.tokid = m.maptokentype) AS token,
                                   string_agg(format('%I.%I', dn.nspname, d.dictname), ', ' ORDER BY m.mapseqno) AS dictionaries
                            FROM pg_catalog.pg_ts_config_map AS m JOIN pg_catalog.pg_ts_dict AS d ON d.oid = m.mapdict
                            JOIN pg_catalog.pg_namespace AS dn ON dn.oid = d.dictnamespace
                            WHERE m.mapcfg = t.oid GROUP BY m.maptokentype) AS e), '')
  FROM pg_catalog.pg_ts_config AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.cfgnamespace
  JOIN pg_catalog.pg_ts_parser AS p ON p.oid = t.cfgparser
  JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.prsnamespace
  UNION ALL SELECT 'pg_ts_parser', t.oid, t.prsnamespace, NULL FROM pg_catalog.pg_ts_parser AS t
  UNION ALL SELECT 'pg_ts_template', t.oid, t.tmplnamespace, NULL FROM pg_catalog.pg_ts_template AS t
  UNION ALL SELECT 'pg_am', t.oid, 0, NULL FROM pg_catalog.pg_am AS t
  UNION ALL SELECT 'pg_opclass', t.oid, t.opcnamespace, NULL FROM pg_catalog.pg_opclass AS t
  UNION ALL SELECT 'pg_opfamily', t.oid, t.opfnamespace, NULL FROM pg_catalog.pg_opfamily AS t
  UNION ALL SELECT 'pg_event_trigger', t.oid, 0, NULL FROM pg_catalog.pg_event_trigger AS t
  UNION ALL SELECT 'pg_foreign_data_wrapper', t.oid, 0, NULL FROM pg_catalog.pg_foreign_data_wrapper AS t
  UNION ALL SELECT 'pg_language', t.oid, 0, NULL FROM pg_catalog.pg_language AS t
  UNION ALL SELECT 'pg_transform', t.oid, 0, NULL FROM pg_catalog.pg_transform AS t
  UNION ALL SELECT 'pg_default_acl', t.oid, 0, NULL FROM pg_catalog.pg_default_acl AS t
  UNION ALL SELECT 'pg_user_mapping', t.umid, 0, NULL FROM pg_catalog.pg_user_mappings AS t
  UNION ALL
  SELECT 'pg_subscription', t.oid, 0, NULL FROM pg_catalog.pg_subscription AS t
  WHERE t.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
  UNION ALL  -- base types and types that are only declared
  SELECT 'pg_type', t.oid, t.typnamespace, NULL FROM pg_catalog.pg_type AS t
  WHERE t.typtype IN ('b', 'p') AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
) AS f
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = f.namespace
CROSS JOIN LATERAL pg_catalog.pg_identify_object(('pg_catalog.' || f.catalog)::regclass, f.object, 0) AS i
WHERE f.object >= 16384 -- FirstNormalObjectId: what initdb made is on every server
  AND (n.oid IS NULL OR (n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'zdm')))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS own
                  WHERE own.classid = ('pg_catalog.' || f.catalog)::regclass AND own.objid = f.object
                    AND own.deptype IN ('e', 'i'))
ORDER BY i.type COLLATE "C", i.identity COLLATE "C"
