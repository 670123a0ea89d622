"""Reads the facts that a contract relies on: a few milliseconds."""

from collections.abc import Mapping
from functools import cache
from importlib import resources

from zdm.execute.evidence import SERVER, Fact, Facts, Scope
from zdm.postgres.session.connection import Connection

# The query has the same plan whatever it is asked for, and to plan it takes longer than to run
# it: PostgreSQL would make a new plan each of the first five times (manual, PREPARE).
_SET = {"search_path": "pg_catalog", "plan_cache_mode": "force_generic_plan"}
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
        was = _put(connection, _SET)
        rows = connection.execute(
            _query(),
            {"tables": list(scope.tables), "words": list(scope.words)},
            prepare=True,
        ).fetchall()
        _put(connection, was)
        life = server(connection) or ""
    facts = {
        (kind, name or ""): Fact(identity, definition or "", bool(binding))
        for kind, name, identity, definition, binding in rows
    }
    return facts | {SERVER: Fact("", life, binding=False)}


def _put(connection: Connection, settings: Mapping[str, str]) -> Mapping[str, str]:
    """Put them in force for the transaction; what was."""
    rows = connection.execute(
        "SELECT name, pg_catalog.current_setting(name),"
        " pg_catalog.set_config(name, value, true)"
        " FROM unnest(%s::text[], %s::text[]) AS s (name, value)",
        (list(settings), list(settings.values())),
    )
    return {name: before for name, before, _ in rows}


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
