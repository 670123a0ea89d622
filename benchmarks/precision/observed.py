"""Runs a Case on a throwaway server, on tables with rows."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from benchmarks.precision import missing, rows, tools
from benchmarks.precision.corpora import Case
from benchmarks.precision.facts import Run, Seen, relations
from benchmarks.precision.probes import Probes
from tests import scratch
from zdm.postgres.server import provider
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A statement with what was seen."""

    sha256: str
    facts: tuple[str, ...]
    unknown: str
    unlimited: bool


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


def case(server: Server, case: Case) -> list[Judged]:
    """Each statement of the Case, in order."""
    texts = [statement.sql for statement in tools.statements(case.sql)]
    with database(server) as dsn, connection.connect(dsn, name="precision") as conn:
        before = [s.sql for s in tools.statements(case.before)] if case.before else []
        lacking = missing.make(conn, "", before)
        if lacking:
            conn.execute(lacking.encode())
        for sql in before:
            conn.execute(sql.encode(), prepare=False)
        made = missing.make(conn, "", texts)
        if made:
            conn.execute(made.encode())
        rows.fill(conn)
        conn.execute("VACUUM ANALYZE")
        with connection.connect(dsn, name="precision") as other:
            seen = list(_seen(conn, other, texts))
    return [
        Judged(
            sha256=hashlib.sha256(text.strip().encode()).hexdigest()[:16],
            facts=one.facts,
            unknown=one.unknown,
            unlimited=one.unlimited,
        )
        for text, one in zip(texts, seen, strict=True)
    ]


def _seen(conn: Connection, other: Connection, texts: list[str]) -> Iterator[Seen]:
    probes = Probes.of(conn)
    run = Run(conn=conn, other=other, released=relations(conn), probes=probes)
    for text in texts:
        try:
            yield run.statement(text)
        except psycopg.OperationalError as error:
            yield Seen(unknown=f"the session ended: {error}")
