"""What tests of the last look share: a table whose column is renamed, and its owner."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

from tests import case as cases
from tests.case import Watching
from tests.unit import schemas
from zdm.backfill.pacing import Pacing
from zdm.execute.clock import SystemClock
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.plan import Plan
from zdm.planning import classify, schedule
from zdm.postgres.journal import runs
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection

BEFORE = """
CREATE TABLE t (id int PRIMARY KEY, a text UNIQUE NOT NULL DEFAULT 'none', b int);
INSERT INTO t SELECT g, 'v' || g, g FROM generate_series(1, 300) AS g;
"""
RENAME = "ALTER TABLE t RENAME COLUMN a TO n"
OFF = "ALTER TABLE t DISABLE TRIGGER zzz_zdm_sync_n"
ON = "ALTER TABLE t ENABLE ALWAYS TRIGGER zzz_zdm_sync_n"


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    with connection.connect(url, name="somebody") as conn:
        yield conn


def run_sql(url: str, *texts: str) -> None:
    with opened(url) as conn:
        for text in texts:
            conn.execute(text.encode())


@contextmanager
def world(url: str, watching: Watching | None = None) -> Iterator[World]:
    """For a rollback."""
    stop, clock = StopFlag(), SystemClock()
    with closing(PostgresDatabase(url, clock, stop, Pacing.FULL)) as database:
        yield World(
            database=database,
            platform=None,
            observer=watching or Watching(),
            clock=clock,
            stop=stop,
        )


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with opened(url) as conn:
        return conn.execute(query.encode()).fetchall()


def owned(url: str) -> str:
    """The database for a role that owns it, and is no superuser."""
    role = f"r_{uuid4().hex[:10]}"
    name = urlsplit(url).path.strip("/")
    run_sql(
        url,
        f"CREATE ROLE {role} LOGIN PASSWORD 'pw'",
        f"GRANT pg_monitor TO {role}",
        f"ALTER DATABASE {name} OWNER TO {role}",
        f"ALTER SCHEMA public OWNER TO {role}",
    )
    there = urlsplit(url)
    return there._replace(netloc=f"{role}:pw@{there.hostname}:{there.port}").geturl()


def planned(url: str, migration: str = RENAME) -> Plan:
    schema, train = cases.read(url), schemas.train(migration)
    return schedule.plan(
        classify.classify(train, schema), name="p", train=train, snapshot=schema
    )


def is_past(url: str) -> bool:
    with opened(url) as conn:
        run = runs.latest(conn)
    assert run is not None
    return run.past_return
