"""The database as `zdm execute` would find it: server, session, rights, what is in the way.

Nothing is changed and nothing waits. The session's settings are left as they are: whether there
is a pooler between is one of the questions.
"""

from collections.abc import Callable, Iterator
from contextlib import closing

from psycopg import errors

from zdm.config.settings import NEWEST_SERVER, OLDEST_SERVER
from zdm.errors import ZdmError
from zdm.model import diagnosis
from zdm.model.diagnosis import Diagnosis
from zdm.model.plan import Plan
from zdm.model.schema import Name
from zdm.postgres.doctor import journal, publications, rights, sessions
from zdm.postgres.session import connection, pins, pooler
from zdm.postgres.session.connection import Connection

Examination = Callable[[Connection], Diagnosis]


def examine(
    url: str,
    plan: Plan | None = None,
    *,
    blind: str = "stop",
    allowed_sessions: tuple[str, ...] | None = (),
) -> tuple[Diagnosis, ...]:
    """Every check of the database, for a plan where one is given;
    `blind` is what a backfill does that cannot see others' sessions, and `allowed_sessions`
    never hold the gate; None: no session does."""
    try:
        with closing(connection.connect(url, name="doctor", tuned=False)) as opened:
            return (
                _reached(url),
                *_all(opened, plan, blind),
                _one(
                    sessions.NAME,
                    _pinned(lambda conn: sessions.are_named(conn, allowed_sessions)),
                    opened,
                ),
            )
    except ZdmError as error:
        return (diagnosis.failed("database", error.message, error.hint),)


def _reached(url: str) -> Diagnosis:
    return diagnosis.ok("database", f"{connection.shown(url)} answers")


def _all(opened: Connection, plan: Plan | None, blind: str) -> Iterator[Diagnosis]:
    tables = None if plan is None else _tables(plan)
    examinations: tuple[tuple[str, Examination], ...] = (
        ("pooler", _direct),
        ("server version", _version),
        ("server role", _primary),
        ("dead clients", _dead_clients),
        ("statement timeouts", _timeouts),
        ("idle transactions", _idle),
        ("prepared transactions", _prepared),
        ("replication", publications.replication),
        ("right to create", rights.may_create),
        ("ownership", lambda conn: rights.owns(conn, tables)),
        ("row security", lambda conn: rights.sees_rows(conn, tables)),
        (rights.ROWS, lambda conn: rights.reaches_rows(conn, tables)),
        ("right to see sessions", lambda c: rights.sees_sessions(c, blind=blind)),
        ("right to end sessions", rights.ends_sessions),
        ("executor lock", _pinned(journal.lock_is_free)),
        ("unfinished run", _pinned(journal.nothing_unfinished)),
        ("invalid indexes", journal.no_invalid_index),
    )
    for name, examination in examinations:
        yield _one(name, examination, opened)
    if plan is not None:
        yield _one(rights.LATER, lambda conn: rights.gives_later(conn, plan), opened)


def _tables(plan: Plan) -> tuple[Name, ...]:
    """Those that exist before it and that it locks."""
    return tuple(sorted({lock.table for step in plan.steps for lock in step.locks}))


def _pinned(examination: Examination) -> Examination:
    """One that reads times, whatever DateStyle the role has."""

    def pinned(opened: Connection) -> Diagnosis:
        with opened.transaction():
            pins.pin_transaction(opened)
            return examination(opened)

    return pinned


def _one(name: str, examination: Examination, opened: Connection) -> Diagnosis:
    try:
        with connection.translated(f"looking at {name}"):
            return examination(opened)
    except ZdmError as error:
        return diagnosis.failed(name, error.message, error.hint)


def _direct(opened: Connection) -> Diagnosis:
    if pooler.keeps_locks(opened):
        return diagnosis.ok("pooler", "the connection leads to the server itself")
    return diagnosis.failed(
        "pooler",
        "the connection goes through a pooler, which strands locks and hides a dead client",
        "give zdm a direct URL to the server",
    )


def _version(opened: Connection) -> Diagnosis:
    major = opened.info.server_version // 10_000
    if OLDEST_SERVER <= major <= NEWEST_SERVER:
        return diagnosis.ok("server version", f"PostgreSQL {major}")
    if major < OLDEST_SERVER:
        return diagnosis.failed(
            "server version",
            f"PostgreSQL {major} is older than {OLDEST_SERVER}, where BEGIN ATOMIC and"
            " client_connection_check_interval start",
            "upgrade the server",
        )
    return diagnosis.warning(
        "server version",
        f"PostgreSQL {major} is newer than {NEWEST_SERVER}, and zdm has not been tested on it",
        "use a newer zdm, or `zdm verify` on the same version",
    )


def _primary(opened: Connection) -> Diagnosis:
    if connection.value(opened, "SELECT pg_catalog.pg_is_in_recovery()") == "True":
        return diagnosis.failed(
            "server role",
            "the server is a standby, and takes no writes",
            "connect to the primary",
        )
    if connection.value(opened, "SHOW default_transaction_read_only") == "on":
        return diagnosis.failed(
            "server role",
            "default_transaction_read_only is on for this role or database",
            "ALTER ROLE … RESET default_transaction_read_only",
        )
    return diagnosis.ok("server role", "a primary that takes writes")


def _dead_clients(opened: Connection) -> Diagnosis:
    try:
        with opened.transaction():
            opened.execute("SET LOCAL client_connection_check_interval = '1s'")
    except errors.InvalidParameterValue:
        return diagnosis.warning(
            "dead clients",
            "the server cannot look for dead clients (client_connection_check_interval), so a"
            " killed executor's statement may run on",
            "run the server on Linux, or end such a backend with pg_terminate_backend",
        )
    return diagnosis.ok("dead clients", "the server notices a killed executor within seconds")


def _timeouts(opened: Connection) -> Diagnosis:
    found = {
        name: connection.value(opened, f"SHOW {name}")
        for name in ("statement_timeout", "lock_timeout")
    }
    found_text = ", ".join(f"{name} is {text}" for name, text in found.items() if text != "0")
    if not found_text:
        return diagnosis.ok("statement timeouts", "none is set for this role")
    return diagnosis.ok(
        "statement timeouts", f"{found_text} for this role; zdm sets its own in every step"
    )


def _idle(opened: Connection) -> Diagnosis:
    if connection.value(opened, "SHOW idle_in_transaction_session_timeout") != "0":
        return diagnosis.ok("idle transactions", "the server ends them")
    return diagnosis.warning(
        "idle transactions",
        "idle_in_transaction_session_timeout is 0, so a forgotten transaction of an application"
        " holds its locks indefinitely, and every step waits for it",
        "ALTER ROLE <application> SET idle_in_transaction_session_timeout = '60s'",
    )


def _prepared(opened: Connection) -> Diagnosis:
    names = connection.value(
        opened,
        "SELECT pg_catalog.string_agg(gid, ', ' ORDER BY gid) FROM pg_catalog.pg_prepared_xacts"
        " WHERE database = pg_catalog.current_database()",
    )
    if names:
        return diagnosis.warning(
            "prepared transactions",
            f"{names}: they hold locks without a session, and hold the gate",
            "COMMIT PREPARED or ROLLBACK PREPARED them",
        )
    most = connection.value(opened, "SHOW max_prepared_transactions")
    return diagnosis.ok("prepared transactions", f"none of at most {most}")
