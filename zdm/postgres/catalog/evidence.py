"""Reads the facts that a contract relies on: one query, a few milliseconds."""

from functools import cache
from importlib import resources

from zdm.execute.evidence import Fact, Facts, Scope
from zdm.postgres.session.connection import Connection


@cache
def _query() -> bytes:
    return resources.files("zdm.postgres").joinpath("queries", "evidence.sql").read_bytes()


def read(connection: Connection, scope: Scope) -> Facts:
    """The facts as they are now; what the transaction has locked stays as it is read."""
    if not scope.tables:
        return {}
    with connection.transaction():
        row = connection.execute(
            "SELECT pg_catalog.current_setting('search_path'),"
            " pg_catalog.set_config('search_path', 'pg_catalog', true)"
        ).fetchone()
        assert row is not None
        rows = connection.execute(
            _query(), {"tables": list(scope.tables), "words": list(scope.words)}
        ).fetchall()
        connection.execute("SELECT pg_catalog.set_config('search_path', %s, true)", (row[0],))
    return {
        (kind, name or ""): Fact(identity, definition or "", bool(binding))
        for kind, name, identity, definition, binding in rows
    }
