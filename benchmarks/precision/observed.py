"""Runs a Case on a throwaway server, on tables with rows."""

import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from benchmarks.precision import missing, rows, slow, tools
from benchmarks.precision.corpora import Case
from benchmarks.precision.ends import Numbers
from benchmarks.precision.facts import Run, Seen, relations
from benchmarks.precision.probes import Probes
from benchmarks.precision.queued import Queue
from benchmarks.precision.sessions import Sessions
from tests import scratch
from zdm.postgres.server import provider
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection


@contextmanager
def server() -> Iterator[Server]:
    """A server of the version that is asked, without automatic vacuum."""
    wanted = Wanted(major=tools.MAJOR, settings=(("autovacuum", "off"),))
    with scratch.in_memory(), provider.throwaway(wanted) as found:
        yield found


@contextmanager
def database(server: Server, template: str = "template0") -> Iterator[str]:
    """A new database, which is dropped after the block if the migration did not."""
    name = f"p_{uuid4().hex[:12]}"
    with connection.connect(server.dsn, name="precision") as conn:
        conn.execute(scratch.create(server.major, name, template))
        yield urlsplit(server.dsn)._replace(path=f"/{name}").geturl()
        conn.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def case(server: Server, case: Case) -> list[Seen]:
    """Each statement of the Case, in order."""
    texts = [statement.sql for statement in tools.statements(case.sql)]
    with database(server) as dsn, connection.connect(dsn, name="precision") as conn:
        known = f"{case.before}\n{case.unseen}"
        before = [s.sql for s in tools.statements(known)] if known.strip() else []
        lay(conn, missing.make(conn, before))
        for sql in before:
            conn.execute(sql.encode(), prepare=False)
        lay(conn, missing.make(conn, texts))
        for table in rows.fill(conn):
            sys.stderr.write(f"no rows in {table}: {case.corpus} {case.name}\n")
        rows.analyze(conn)
        with (
            connection.connect(dsn, name="precision") as other,
            connection.connect(dsn, name="precision") as later,
        ):
            return _seen(conn, Queue(older=other, later=later), texts)


def lay(conn: Connection, made: str) -> None:
    """Make what is missing, as far as it can be made."""
    for line in made.splitlines():
        with contextlib.suppress(psycopg.Error):
            conn.execute(line.encode(), prepare=False)


def _seen(conn: Connection, queue: Queue, texts: list[str]) -> list[Seen]:
    probes = Probes.of(conn)
    run = Run(
        conn=conn,
        other=queue.older,
        released=relations(conn),
        probes=probes,
        numbers=Numbers.of(conn),
        sessions=Sessions.of(conn),
        queue=queue,
    )
    conn.add_notice_handler(run.notice)
    keys = slow.Keys.of(conn)
    seen = []
    for number, text in enumerate(texts):
        seen.append(run.statement(text))
        keys.look(conn, number)
    return slow.judged(conn, keys, run.left_open(seen))
