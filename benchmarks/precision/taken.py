"""Whether an UPDATE or DELETE with a condition changes all rows at once, if the rows are such
as the condition takes: the schema permits them, and no file says how many there are."""

from collections.abc import Collection, Iterator

import psycopg

from benchmarks.precision.rows import COUNT
from zdm.model.commands import WorkOn
from zdm.model.expression import Expression
from zdm.model.syntax import Update
from zdm.parse import comparisons, expressions
from zdm.parse.readers import authority
from zdm.postgres.session.connection import Connection
from zdm.schema import not_null_proof

CHANGED = """
SELECT c.oid, c.oid::regclass::text,
       (pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid))::bigint
FROM pg_class AS c WHERE c.relkind = 'r' AND c.oid = ANY (%s)
"""
REPLICA = "SET LOCAL session_replication_role = replica"
ORIGIN = "SET LOCAL session_replication_role = origin"


def losses(conn: Connection, sql: str, released: Collection[int]) -> list[str]:
    """Its losses on such rows; the transaction, which is open, is left as it was."""
    sets = list(_sets(sql))
    if not sets:
        return []
    found: list[str] = []
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(REPLICA)
            for text in sets:
                _tried(conn, text)
            conn.execute(ORIGIN)
            before = {oid: n for oid, _, n in conn.execute(CHANGED, [list(released)])}
            conn.execute(sql.encode(), prepare=False)
            found = [
                f"loses: {name}, if the condition takes them"
                for oid, name, now in conn.execute(CHANGED, [list(released)])
                if now - before[oid] >= COUNT
            ]
    except psycopg.Error:
        return []
    return found


def _tried(conn: Connection, text: str) -> None:
    """Keys may refuse it; then the condition picks few rows."""
    try:
        with conn.transaction():
            conn.execute(text.encode())
    except psycopg.Error:
        return


def _sets(sql: str) -> Iterator[str]:
    """What makes rows of its table meet the tests that compare a column with constants."""
    for action in authority.of_step(sql, (), ("public",)):
        said = action.said
        if isinstance(said, Update):
            relation, where = said.table, said.where
        elif isinstance(said, WorkOn) and said.relations and said.where is not None:
            relation, where = said.relations[0], said.where
        else:
            continue
        schema = f'"{relation.schema}".' if relation.schema else ""
        for test in not_null_proof.every(where) if where is not None else ():
            value = _value(test)
            if value:
                yield f'UPDATE {schema}"{relation.name}" SET {value}'


def _value(test: Expression) -> str:
    """`column = value` for it, empty where it says something else."""
    null = expressions.null_test(test)
    if null is not None and not null[1]:
        return f'"{null[0]}" = NULL'
    compared = comparisons.read(test)
    if compared is None:
        return ""
    text = "'" + compared.values[0].replace("'", "''") + "'"
    near = {"<": " - 1 - {0} % 100000", ">": " + 1 + {0} % 100000"}.get(
        compared.operator[:1], ""
    )
    row = "((ctid::text::point)[0] * 1000 + (ctid::text::point)[1])::int"
    return f'"{compared.column}" = {text}{near.format(row)}'
