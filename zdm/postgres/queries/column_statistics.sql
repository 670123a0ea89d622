-- What the last ANALYZE found of the columns that the role may read. The view is a security
-- barrier, which comparisons of names may pass and patterns may not: with a pattern, the server's
-- own hundreds of columns are read too.
SELECT c.oid, s.attname AS name, s.null_frac::float8 AS null_fraction, s.avg_width AS average_width
FROM pg_catalog.pg_stats AS s
JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schemaname
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.tablename
WHERE s.schemaname <> ALL ('{pg_catalog,information_schema}'::name[]) AND NOT s.inherited
  AND c.relkind IN ('r', 'p', 'f')
