"""Settings that zdm's own statements rely on, whatever the role or the database has.

A role's DateStyle would make timestamps that psycopg cannot read, its extra_float_digits keys
that are not the row's, its statement_timeout an end to reading the catalog. So each session
pins them. The author's text is another matter: what it prints and reads is decided by its own
SET, else by the role, so around it the role's own values are put back (`authors`). Its names
mean what they meant where the plan was made (`find_names`).
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg

from zdm.model.sql import ident
from zdm.model.statement import Setting

Connection = psycopg.Connection[tuple[Any, ...]]

# how values are printed and read: put back where the author's text runs
FORMATS = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
ZONE = {"TimeZone": "UTC"}  # put back as well; needed by no statement that prints a key
# never put back: a plan is made for these, or sets its own
_ALWAYS = {
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "transaction_timeout": "0",  # PostgreSQL 17 on
    "idle_session_timeout": "0",
    "row_security": "off",  # a policy that would hide rows raises an error instead
}
_PINNED = {**FORMATS, **ZONE, **_ALWAYS}
_RESTORED = [*FORMATS, *ZONE]
_FORMAT_NAMES = frozenset(name.lower() for name in FORMATS)


def pin(connection: Connection) -> None:
    """Put the pinned values in force for the session; what the server does not know is left.

    Not through a pooler, which greets with another process id: they would stay in a backend
    that applications share.
    """
    _pin(connection, is_local=False)


def pin_transaction(connection: Connection) -> None:
    """Put them in force for one transaction, in which a pooler keeps to one backend."""
    _pin(connection, is_local=True)


def _pin(connection: Connection, *, is_local: bool) -> None:
    connection.execute(
        "SELECT pg_catalog.set_config(p.name, p.value, %(local)s)"
        " FROM unnest(%(names)s::text[], %(values)s::text[]) AS p (name, value)"
        " WHERE pg_catalog.current_setting(p.name, true) IS DISTINCT FROM p.value"
        " AND pg_catalog.current_setting(p.name, true) IS NOT NULL"
        " AND (%(local)s OR pg_catalog.pg_backend_pid() = %(pid)s)",
        {
            "names": list(_PINNED),
            "values": list(_PINNED.values()),
            "local": is_local,
            "pid": connection.info.backend_pid,
        },
    )


def find_names(connection: Connection, schemas: Sequence[str]) -> None:
    """From now on the session looks names up in these schemas, whatever the role's search_path
    is: another role may run a plan than made it."""
    path = ", ".join(ident(schema) for schema in schemas)
    connection.execute("SELECT pg_catalog.set_config('search_path', %s, false)", (path,))


def authors(connection: Connection, settings: Iterable[Setting]) -> tuple[Setting, ...]:
    """What is in force for the author's text: the role's own values where they differ from the
    pinned ones, then the author's settings."""
    rows = connection.execute(
        "SELECT name, reset_val FROM pg_catalog.pg_settings WHERE name = ANY (%s)"
        " AND reset_val IS DISTINCT FROM setting ORDER BY name",
        (_RESTORED,),
    ).fetchall()
    given = tuple(settings)
    names = {setting.name.lower() for setting in given}
    own = tuple(
        Setting(name=name, value=value) for name, value in rows if name.lower() not in names
    )
    return (*own, *given)


def is_format(setting: Setting) -> bool:
    """Whether it decides how values are printed."""
    return setting.name.lower() in _FORMAT_NAMES


@contextlib.contextmanager
def formats(connection: Connection, settings: Iterable[Setting]) -> Iterator[None]:
    """The author's formats for statements that read no key; the pinned ones come back."""
    found = {one.name: one.value for one in settings if is_format(one)}
    if not found:
        yield
        return
    with connection.transaction():
        _set_local(connection, found)
        yield
        _set_local(connection, FORMATS)


def _set_local(connection: Connection, values: Mapping[str, str]) -> None:
    calls = ", ".join(["pg_catalog.set_config(%s, %s, true)"] * len(values))
    words = [word for pair in values.items() for word in pair]
    connection.execute(f"SELECT {calls}".encode(), words)
