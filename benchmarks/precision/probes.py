"""Queries of an application that knows the schema as it was before the migration.

It is taken to do all that the schema permits: it reads every column, and writes every value
that is accepted. What each query did before is compared with what it does after a statement.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.precision import writes
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
# asks all queries in one call, each in a subtransaction of its own, which is rolled back
ASK = """
CREATE FUNCTION pg_temp.ask(queries text[])
RETURNS TABLE (code text, bound boolean, said text) LANGUAGE plpgsql AS $$
DECLARE query text; answer text; name text; who text; BEGIN
  FOREACH query IN ARRAY queries LOOP
    answer := NULL;
    who := coalesce(substring(query FROM '^/[*] (.*) [*]/'), 'precision_app');
    BEGIN
      PERFORM set_config('row_security', 'on', true);
      PERFORM set_config('role', who, true);
      IF query ~ '^SELECT|RETURNING jsonb_build_object' THEN EXECUTE query INTO answer;
      ELSE EXECUTE query; END IF;
      PERFORM set_config('role', 'none', true);
      IF query LIKE 'SELECT EXISTS%' AND answer = 'false' THEN
        EXECUTE query INTO answer;
        IF answer = 'true' THEN
          RAISE SQLSTATE '42501'
            USING MESSAGE = 'the application sees no rows of ' || query;
        END IF;
      END IF;
      RAISE SQLSTATE 'ZZ000';
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME;
      PERFORM set_config('role', 'none', true);
      code := SQLSTATE; bound := name <> '' OR SQLSTATE = '23502';
      said := CASE WHEN SQLSTATE = 'ZZ000' THEN answer ELSE SQLERRM END;
      RETURN NEXT;
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
# what another role may read, by rights of its own or of roles of which it is a member
OF_ROLES = """
SELECT format('/* %s */ SELECT FROM %s LIMIT 0', r.rolname, c.oid::regclass)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT DISTINCT grantee FROM aclexplode(c.relacl)) AS a
JOIN pg_roles AS g ON g.oid = a.grantee AND NOT g.rolsuper AND g.rolname <> 'precision_app'
JOIN pg_roles AS r ON pg_has_role(r.oid, g.oid, 'USAGE') AND NOT r.rolsuper
WHERE c.relkind IN ('r', 'p', 'm', 'v') AND n.nspname !~ '^pg_'
"""
# rows of a composite type, and each of its attributes
COMPOSITES = """
SELECT format('SELECT ROW(%s)::%s', string_agg('NULL', ', '), t.oid::regtype)
FROM pg_type AS t JOIN pg_class AS c ON c.oid = t.typrelid AND c.relkind = 'c'
JOIN pg_namespace AS n ON n.oid = t.typnamespace AND n.nspname !~ '^pg_'
JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
WHERE n.nspname <> 'information_schema' GROUP BY t.oid
UNION ALL
SELECT format('SELECT (NULL::%s).%I', t.oid::regtype, a.attname)
FROM pg_type AS t JOIN pg_class AS c ON c.oid = t.typrelid AND c.relkind = 'c'
JOIN pg_namespace AS n ON n.oid = t.typnamespace AND n.nspname !~ '^pg_'
JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
WHERE n.nspname <> 'information_schema'
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
SELECT format('SELECT jsonb_build_object(%L, %s()::text)', p.proname, p.oid::regproc)
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.pronargs = 0
  AND p.prokind = 'f' AND NOT p.proretset AND p.prorettype <> 'trigger'::regtype
UNION ALL
SELECT format('SELECT NULL::%s', t.oid::regtype)
FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT format('SELECT %L::%s', e.enumlabel, e.enumtypid::regtype) FROM pg_enum AS e
UNION ALL
SELECT format('SELECT jsonb_build_object(''labels'', count(*)) FROM pg_enum'
              ' WHERE enumtypid = %L::regtype', e.oid::regtype)
FROM pg_type AS e WHERE e.typtype = 'e'
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
WORKED = "ZZ000"
# what a constraint refuses
RESTRICTED = frozenset({"23503", "23505", "23514", "23P01"})
LABELS = "labels"
SEES_NONE = "the application sees no rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query did. `bound`: a constraint or NOT NULL refused it."""

    code: str
    bound: bool
    said: str

    @property
    def worked(self) -> bool:
        """Whether it ran."""
        return self.code == WORKED

    @property
    def says(self) -> bool:
        """Whether it ran, or was kept from it by what may change: not where it names what is
        not there."""
        return self.worked or self.bound or SEES_NONE in self.said

    @property
    def values(self) -> Mapping[str, object]:
        """The values of a query that asks for them."""
        if not self.worked or not self.said.startswith("{"):
            return {}
        values: dict[str, object] = json.loads(self.said)
        return values


@dataclass(slots=True)
class Probes:
    """The queries, and what each did last."""

    known: dict[str, Answer]

    @classmethod
    def of(cls, conn: Connection) -> "Probes":
        """What the queries do now; values that differ each time, as now(), are left out."""
        conn.execute(ASK.encode())
        conn.execute(GRANTS.encode())
        queries = list(dict.fromkeys([*_reads(conn), *writes.queries(conn), *_others(conn)]))
        first, second = _asked(conn, queries), _asked(conn, queries)
        return cls(
            {
                query: _steady(first[query], answer)
                for query, answer in second.items()
                if answer.says
            }
        )

    def broken(self, conn: Connection, *, rows_change: bool = False) -> list[str]:
        """What a query does otherwise than before, each once; a statement that changes rows
        is expected to change what is read."""
        found: list[str] = []
        for query, now in _asked(conn, list(self.known)).items():
            before = self.known[query]
            fact = "" if rows_change and now.worked else _difference(before, now)
            if fact:
                found.append(fact)
            if now.worked != before.worked or not now.says:
                del self.known[query]
            else:
                self.known[query] = _steady(before, now)
        return list(dict.fromkeys(found))


def _steady(before: Answer, now: Answer) -> Answer:
    """The answer with those values that were asked before."""
    if not now.values:
        return now
    same = {key: now.values[key] for key in before.values if key in now.values}
    same = {k: v for k, v in same.items() if k == LABELS or before.values[k] == v}
    return Answer(code=now.code, bound=now.bound, said=json.dumps(same))


def _difference(before: Answer, now: Answer) -> str:
    """The fact, empty where there is none."""
    if before.worked and not now.worked:
        kind = "refuses" if now.code in RESTRICTED else "breaks"
        return f"{kind}: {now.code} {now.said}"
    if now.worked and not before.worked:
        return f"admits: {before.code} {before.said}"
    for key, value in before.values.items() if now.values else ():
        if now.values.get(key) != value:
            return f"{'admits' if key == LABELS else 'changes'}: {key}"
    return ""


def _asked(conn: Connection, queries: list[str]) -> dict[str, Answer]:
    answers = []
    with conn.transaction(force_rollback=True):
        answers = conn.execute("SELECT * FROM pg_temp.ask(%s::text[])", [queries]).fetchall()
    return {
        query: Answer(code=code, bound=bound, said=said or "")
        for query, (code, bound, said) in zip(queries, answers, strict=True)
    }


def _reads(conn: Connection) -> Iterator[str]:
    for relation, kind, columns in conn.execute(READ).fetchall():
        yield f"SELECT {', '.join(columns)} FROM {relation} LIMIT 0"
        if kind in ("r", "p"):
            yield f"SELECT EXISTS (SELECT FROM {relation})"
        if kind == "v":
            yield (
                "SELECT jsonb_build_object('rows',"
                " md5(string_agg(v::text, ',' ORDER BY v::text)))"
                f" FROM (SELECT {', '.join(columns)} FROM {relation}) AS v"
            )


def _others(conn: Connection) -> Iterator[str]:
    for asked in (OTHERS, OF_ROLES, COMPOSITES):
        for (query,) in conn.execute(asked).fetchall():
            yield query
