"""For users' env.py: a guard against Alembic in the middle of a run, autogenerate filters.

    from zdm.revisions.env import guard, include_name, include_object

    context.configure(connection=…, include_name=include_name, include_object=include_object)
    guard(context)

Between expand and the stamp, a plain `alembic upgrade head` would silently do the contract.
Autogenerate would propose to remove zdm's own tables and whatever a run has half done.
"""

import importlib
from collections.abc import Iterable
from typing import Any, cast

import sqlalchemy as sa
from alembic import context as alembic_context
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy.engine import Connection  # SQLAlchemy 1.4 has it here only

SCHEMA = "zdm"
PREFIXES = ("zdm_", "zzz_zdm_")
_KNOWN = "zdm.unfinished"  # per database session, in SQLAlchemy's dictionary for it
_JOURNAL = (
    "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'zdm' AND c.relname = 'run'"
)
_UNFINISHED = "SELECT plan_name, state, plan FROM zdm.run WHERE finished_at IS NULL"


def guard(where: Any) -> None:
    """Refuse upgrade, downgrade and stamp while a run of zdm is unfinished.

    `where` is Alembic's `context` after `configure()`: commands that only read (`check`,
    `current`, autogenerate) and an upgrade with nothing to do stay possible. Given a
    connection, it refuses at once.
    """
    if isinstance(where, Connection):
        _refuse(where)
        return
    migration: MigrationContext = (
        where if isinstance(where, MigrationContext) else where.get_context()
    )
    if migration.as_sql or migration.connection is None:
        return
    connection, work = migration.connection, migration._migrations_fn

    def guarded(heads: Any, inner: MigrationContext) -> Iterable[Any]:
        steps = list(work(heads, inner)) if work is not None else []
        if steps:
            _refuse(connection)
        return steps

    migration._migrations_fn = cast("Any", guarded)


def include_name(name: str | None, type_: str, parent_names: Any) -> bool:
    """Hide zdm's schema and objects from autogenerate, by name."""
    if type_ == "schema":
        return name != SCHEMA
    if parent_names.get("schema_name") == SCHEMA:
        return False
    return name is None or not name.startswith(PREFIXES)


def include_object(
    obj: Any, name: str | None, type_: str, _reflected: bool, _compare_to: Any
) -> bool:
    """Hide zdm's objects, and the tables that an unfinished run is changing."""
    if name is not None and name.startswith(PREFIXES):
        return False
    if type_ != "table":
        return True
    if obj.schema == SCHEMA:
        return False
    connection = alembic_context.get_bind()
    schema = obj.schema or connection.dialect.default_schema_name
    return (schema, name) not in _changing(connection)


def _refuse(connection: Connection) -> None:
    for plan, state, _ in _runs(connection):
        raise CommandError(
            f"the run of plan {plan} is unfinished (it is {state}), so Alembic must not change"
            " this database now: it could drop what the old version still needs; finish it with"
            " `zdm execute` or undo it with `zdm rollback`"
        )


def _runs(connection: Connection) -> list[tuple[str, str, str]]:
    if (
        connection.dialect.name != "postgresql"
        or not connection.exec_driver_sql(_JOURNAL).all()
    ):
        return []
    try:
        rows = connection.exec_driver_sql(_UNFINISHED).all()
    except sa.exc.ProgrammingError as error:
        raise CommandError(
            f"zdm.run cannot be read, so whether a run of zdm is unfinished is not known:"
            f" {error.orig}; GRANT USAGE ON SCHEMA zdm and SELECT ON zdm.run to this role"
        ) from error
    return [(row[0], row[1], row[2]) for row in rows]


def _changing(connection: Connection) -> frozenset[tuple[str, str]]:
    """Tables that an unfinished run touches; read once in a database session."""
    known = connection.info
    if _KNOWN not in known:
        runs = _runs(connection)
        found: frozenset[tuple[str, str]] = frozenset()
        if runs:  # reading plans takes half a second of imports, and is rarely needed
            touched = importlib.import_module("zdm.revisions.touched_tables")
            found = touched.tables([plan for _, _, plan in runs])
        known[_KNOWN] = found
    return cast("frozenset[tuple[str, str]]", known[_KNOWN])
