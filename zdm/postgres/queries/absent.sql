-- Which of the other queries cannot find anything: most databases lack most kinds, and to look
-- for one row costs a tenth of the query. 16384 is FirstNormalObjectId: what initdb made has less.
SELECT kind FROM (VALUES
  ('tables', EXISTS (SELECT FROM pg_catalog.pg_class
                     WHERE relkind IN ('r', 'p', 'f') AND oid >= 16384)),
  ('column_statistics', EXISTS (SELECT FROM pg_catalog.pg_class
                                WHERE relkind IN ('r', 'p', 'f') AND oid >= 16384
                                  AND reltuples > 0)),
  -- of keys and checks, and of generated columns, some are no dependents
  ('dependents', EXISTS (SELECT FROM pg_catalog.pg_depend
                         WHERE refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                           AND refobjid >= 16384 AND refobjsubid > 0
                           AND classid <> ALL ('{pg_catalog.pg_class,pg_catalog.pg_type,
                               pg_catalog.pg_attrdef}'::pg_catalog.regclass[])
                           AND (classid <> 'pg_catalog.pg_constraint'::pg_catalog.regclass
                                OR deptype = 'n'))
                 OR EXISTS (SELECT FROM pg_catalog.pg_attrdef AS v
                            JOIN pg_catalog.pg_attribute AS a
                              ON a.attrelid = v.adrelid AND a.attnum = v.adnum
                            WHERE a.attgenerated <> '')),
  ('triggers', EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE NOT tgisinternal)),
  ('policies', EXISTS (SELECT FROM pg_catalog.pg_policy)),
  ('types', EXISTS (SELECT FROM pg_catalog.pg_type
                    WHERE typtype IN ('e', 'd', 'r') AND oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_class WHERE relkind = 'c' AND oid >= 16384)),
  ('sequences', EXISTS (SELECT FROM pg_catalog.pg_sequence)),
  ('views', EXISTS (SELECT FROM pg_catalog.pg_class
                    WHERE relkind IN ('v', 'm') AND oid >= 16384)),
  ('functions', EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384)),
  ('publications', EXISTS (SELECT FROM pg_catalog.pg_publication)),
  ('servers', EXISTS (SELECT FROM pg_catalog.pg_foreign_server)),
  ('others', EXISTS (SELECT FROM pg_catalog.pg_operator WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_cast WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_collation WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_conversion WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_ts_dict WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_ts_config WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_ts_parser WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_ts_template WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_am WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_opclass WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_opfamily WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_foreign_data_wrapper WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_language WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_transform WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_default_acl WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_subscription WHERE oid >= 16384)
            OR EXISTS (SELECT FROM pg_catalog.pg_foreign_server) -- of user mappings
            OR EXISTS (SELECT FROM pg_catalog.pg_type AS t
                       WHERE t.typtype IN ('b', 'p') AND t.oid >= 16384 AND NOT EXISTS (
                             SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)))
) AS looked (kind, is_there) WHERE NOT is_there
