-- Which of the other queries cannot find anything: most databases lack most kinds, and to look
-- for one row costs a tenth of the query. 16384 is FirstNormalObjectId: what initdb made has less.
SELECT kind FROM (VALUES
  ('tables', EXISTS (SELECT FROM pg_catalog.pg_class
                     WHERE relkind IN ('r', 'p', 'f') AND oid >= 16384)),
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
  ('servers', EXISTS (SELECT FROM pg_catalog.pg_foreign_server))
) AS looked (kind, is_there) WHERE NOT is_there
