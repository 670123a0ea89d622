-- Functions and procedures; aggregates as the CREATE AGGREGATE that makes them.
SELECT n.nspname AS schema, c.proname AS name,
       pg_catalog.pg_get_function_identity_arguments(c.oid) AS arguments,
       CASE WHEN c.prokind <> 'a' THEN pg_catalog.pg_get_functiondef(c.oid) ELSE
            format('CREATE AGGREGATE %I.%I (%s) (%s)', n.nspname, c.proname,
                   coalesce(nullif(pg_catalog.pg_get_function_arguments(c.oid), ''), '*'),
                   concat_ws(', ', 'SFUNC = ' || g.aggtransfn::text,
                             'STYPE = ' || format_type(g.aggtranstype, NULL),
                             'SSPACE = ' || nullif(g.aggtransspace, 0)::text,
                             'FINALFUNC = ' || nullif(g.aggfinalfn::text, '-'),
                             CASE WHEN g.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
                             CASE WHEN g.aggfinalfn::oid <> 0 THEN 'FINALFUNC_MODIFY = ' || CASE g.aggfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
                             'COMBINEFUNC = ' || nullif(g.aggcombinefn::text, '-'),
                             'SERIALFUNC = ' || nullif(g.aggserialfn::text, '-'),
                             'DESERIALFUNC = ' || nullif(g.aggdeserialfn::text, '-'),
                             'INITCOND = ' || quote_literal(g.agginitval),
                             'MSFUNC = ' || nullif(g.aggmtransfn::text, '-'),
                             'MINVFUNC = ' || nullif(g.aggminvtransfn::text, '-'),
                             CASE WHEN g.aggmtranstype <> 0 THEN 'MSTYPE = ' || format_type(g.aggmtranstype, NULL) END,
                             'MSSPACE = ' || nullif(g.aggmtransspace, 0)::text,
                             'MFINALFUNC = ' || nullif(g.aggmfinalfn::text, '-'),
                             CASE WHEN g.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
                             CASE WHEN g.aggmfinalfn::oid <> 0 THEN 'MFINALFUNC_MODIFY = ' || CASE g.aggmfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
                             'MINITCOND = ' || quote_literal(g.aggminitval),
                             (SELECT format('SORTOP = OPERATOR(%I.%s)', sn.nspname, so.oprname)
                              FROM pg_catalog.pg_operator AS so
                              JOIN pg_catalog.pg_namespace AS sn ON sn.oid = so.oprnamespace
                              WHERE so.oid = g.aggsortop),
                             'PARALLEL = ' || CASE c.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' END,
                             CASE WHEN g.aggkind = 'h' THEN 'HYPOTHETICAL' END))
       END AS definition,
       l.lanname AS language, c.provolatile AS volatility,
       /*grants c.proacl c.proowner f*/ AS grants,
       pg_catalog.obj_description(c.oid, 'pg_proc') AS comment
FROM pg_catalog.pg_proc AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.pronamespace
JOIN pg_catalog.pg_language AS l ON l.oid = c.prolang
LEFT JOIN pg_catalog.pg_aggregate AS g ON g.aggfnoid = c.oid
WHERE /*mine*/
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS made  -- constructors of range types
                  WHERE made.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    AND made.objid = c.oid AND made.deptype = 'i')
ORDER BY n.nspname, c.proname,
         pg_catalog.pg_get_function_identity_arguments(c.oid) COLLATE "C"
