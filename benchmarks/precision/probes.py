"""Queries of an application that knows the schema as it was before the migration."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from benchmarks.precision import rows
from zdm.postgres.session.connection import Connection

GRANTS = """
DO $$ BEGIN CREATE ROLE precision_app; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ DECLARE s name; BEGIN
  FOR s IN SELECT nspname FROM pg_namespace
           WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I'
                   ' GRANT ALL ON TABLES TO precision_app', s);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I'
                   ' GRANT ALL ON SEQUENCES TO precision_app', s);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO precision_app', s);
    EXECUTE format('GRANT ALL ON ALL TABLES IN SCHEMA %I TO precision_app', s);
    EXECUTE format('GRANT ALL ON ALL SEQUENCES IN SCHEMA %I TO precision_app', s);
  END LOOP;
END $$;
"""
# asks all queries in one call, each in a subtransaction of its own
ASK = """
CREATE FUNCTION pg_temp.ask(queries text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE query text; answer text; number int := 0; BEGIN
  FOREACH query IN ARRAY queries LOOP
    number := number + 1;
    BEGIN
      PERFORM set_config('role', 'precision_app', true);
      IF query LIKE 'INSERT%' THEN EXECUTE query; ELSE EXECUTE query INTO answer; END IF;
      PERFORM set_config('role', 'none', true);
      IF query LIKE 'SELECT EXISTS%' AND answer = 'false' THEN
        EXECUTE query INTO answer;
        IF answer = 'true' THEN
          RETURN NEXT number || ' 42501 the application sees no rows of ' || query;
        END IF;
      END IF;
    EXCEPTION WHEN OTHERS THEN
      PERFORM set_config('role', 'none', true);
      RETURN NEXT number || ' ' || SQLSTATE || ' ' || SQLERRM;
    END;
  END LOOP;
END $$;
"""
# every relation with its columns; those that an INSERT must name come second
READ = """
SELECT c.oid::regclass::text, c.relkind,
       array_agg(quote_ident(a.attname) ORDER BY a.attnum)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'm', 'v') AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema'
GROUP BY c.oid ORDER BY c.oid
"""
WRITE = """
SELECT c.oid::regclass::text, array_agg(quote_ident(a.attname) ORDER BY a.attnum),
       array_agg(coalesce(b.typname, t.typname) ORDER BY a.attnum),
       array_agg(a.atttypid::regtype::text ORDER BY a.attnum),
       array_agg(coalesce(b.typcategory, t.typcategory)::text ORDER BY a.attnum),
       array_agg(information_schema._pg_char_max_length(t.oid, a.atttypmod)
                 ORDER BY a.attnum)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     AND a.attgenerated = '' AND a.attidentity = '' AND (NOT a.atthasdef OR %(all)s)
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY c.oid ORDER BY c.oid
"""
OTHERS = """
SELECT format('SELECT last_value FROM %s', c.oid::regclass)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname !~ '^pg_'
UNION ALL
SELECT format('SELECT %L::regnamespace', quote_ident(n.nspname)) FROM pg_namespace AS n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT format('SELECT %s::regprocedure', quote_literal(p.oid::regprocedure))
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT format('SELECT NULL::%s', t.oid::regtype)
FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT format('SELECT %L::%s', e.enumlabel, e.enumtypid::regtype) FROM pg_enum AS e
UNION ALL
SELECT format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %1$s LIMIT 0'
              ' ON CONFLICT (%2$s) DO NOTHING',
              i.indrelid::regclass, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum))
FROM pg_index AS i
JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND n.nspname !~ '^pg_' AND c.relkind = 'r'
GROUP BY i.indexrelid, i.indrelid
"""
NUMBER = 20_000
# a new constraint refuses this value: that is what it is for
RESTRICTED = frozenset({"23503", "23505", "23514", "23P01"})


@dataclass(slots=True)
class Probes:
    """The queries that still work."""

    queries: list[str]

    @classmethod
    def of(cls, conn: Connection) -> "Probes":
        """Those that work now."""
        conn.execute(ASK.encode())
        conn.execute(GRANTS.encode())
        found = cls([*_reads(conn), *_writes(conn), *_others(conn)])
        found.broken(conn)
        return found

    def broken(self, conn: Connection) -> list[str]:
        """Those that no longer work, each once."""
        alone = conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        if alone:
            conn.execute("BEGIN")
        conn.execute("SAVEPOINT probes")
        answers = conn.execute("SELECT pg_temp.ask(%s::text[])", [self.queries]).fetchall()
        conn.execute("ROLLBACK TO SAVEPOINT probes")
        if alone:
            conn.execute("ROLLBACK")
        failed = {}
        for (answer,) in answers:
            number, code, text = answer.split(" ", 2)
            if code not in RESTRICTED:
                failed[int(number) - 1] = f"breaks: {code} {text}"
        self.queries = [q for n, q in enumerate(self.queries) if n not in failed]
        return list(dict.fromkeys(failed.values()))


def _reads(conn: Connection) -> Iterator[str]:
    for relation, kind, columns in conn.execute(READ).fetchall():
        yield f"SELECT {', '.join(columns)} FROM {relation} LIMIT 0"
        if kind in ("r", "p"):
            yield f"SELECT EXISTS (SELECT FROM {relation})"


def _writes(conn: Connection) -> Iterator[str]:
    """An INSERT that names every column, and one that leaves out those with a default."""
    for every in (True, False):
        for table, columns, *types in conn.execute(WRITE, {"all": every}).fetchall():
            values = [rows.value(*of) for of in zip(*types, strict=True)]
            yield (
                f"INSERT INTO {table} ({', '.join(columns)})"
                f" SELECT {', '.join(values)} FROM generate_series({NUMBER}, {NUMBER}) AS g"
            )


def _others(conn: Connection) -> Iterator[str]:
    for (query,) in conn.execute(OTHERS).fetchall():
        yield query
