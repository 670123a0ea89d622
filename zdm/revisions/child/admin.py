"""In the child: zdm's own statements on the shadow, through whichever driver is installed."""

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import pool

from zdm.errors import InputError

_DRIVERS = ("psycopg", "psycopg2", "asyncpg", "pg8000")

Rows = list[tuple[Any, ...]]


def driver() -> str:
    """An installed driver that SQLAlchemy knows."""
    for name in _DRIVERS:
        if importlib.util.find_spec(name) is not None:
            return name
    raise InputError(
        "no PostgreSQL driver is installed where the revisions run",
        hint="install psycopg beside Alembic: pip install 'psycopg[binary]'",
    )


def run(statements: Sequence[str], *, transaction: bool = False) -> Rows:
    """Run statements on one connection to the shadow; the rows of the last one that has any.

    The sandbox sends the connection to the shadow, so the URL names no place.
    """
    url = f"postgresql+{driver()}://"
    options: dict[str, Any] = {} if transaction else {"isolation_level": "AUTOCOMMIT"}
    if "asyncpg" in url:
        asynchronous = importlib.import_module(
            "zdm.revisions.child.admin_async"
        )  # needs greenlet
        rows: Rows = asynchronous.run(url, options, lambda found: execute(found, statements))
        return rows
    engine = sa.create_engine(url, poolclass=pool.NullPool)
    with engine.connect().execution_options(**options) as connection, connection.begin():
        return execute(connection, statements)


def execute(connection: sa.Connection, statements: Sequence[str]) -> Rows:
    """Run statements; the rows of the last one that has any."""
    rows: Rows = []
    for statement in statements:
        result = connection.execution_options(no_parameters=True).exec_driver_sql(statement)
        if result.returns_rows:
            rows = [tuple(row) for row in result]
    return rows
