"""Reads the facts that a contract relies on: a few milliseconds."""

from functools import cache
from importlib import resources

from zdm.execute.evidence import SERVER, Fact, Facts, Scope
from zdm.postgres.session.connection import Connection

_CLUSTER = b"SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system())"
_LIFE = (
    b", d.oid, left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)"
    b" FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()"
)


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
        rows = connection.execute(  # prepared: to plan it takes longer than to run it
            _query(),
            {"tables": list(scope.tables), "words": list(scope.words)},
            prepare=True,
        ).fetchall()
        connection.execute("SELECT pg_catalog.set_config('search_path', %s, true)", (row[0],))
        life = server(connection) or ""
    facts = {
        (kind, name or ""): Fact(identity, definition or "", bool(binding))
        for kind, name, identity, definition, binding in rows
    }
    return facts | {SERVER: Fact("", life, binding=False)}


def server(connection: Connection) -> str | None:
    """Cluster, database and timeline: other ones after a restore, an upgrade and a failover.
    None on a standby, which has no timeline of its own."""
    row = connection.execute(
        "SELECT pg_catalog.pg_is_in_recovery(),"
        " pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')"
    ).fetchone()
    assert row is not None
    is_standby, may_ask = row
    if is_standby:
        return None
    found = connection.execute((_CLUSTER if may_ask else b"SELECT ''") + _LIFE).fetchone()
    assert found is not None
    return " ".join(map(str, found))
