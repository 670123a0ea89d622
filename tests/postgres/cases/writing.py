"""A train that is executed while the old version, or the new one, writes between its steps."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from tests import case as cases
from tests.case import Watching
from tests.conftest import fresh_database
from zdm.execute.events import Event, StepDone
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.model.statement import Train
from zdm.parse import split
from zdm.planning import classify, schedule
from zdm.postgres.server.provider import Server
from zdm.workflows import plan_revisions

Rows = list[tuple[object, ...]]
Connection = psycopg.Connection[tuple[object, ...]]


ROLES = """
DO $$ BEGIN CREATE ROLE zdm_writer; EXCEPTION WHEN duplicate_object THEN END $$;
DO $$ BEGIN CREATE ROLE zdm_mover; EXCEPTION WHEN duplicate_object THEN END $$;
GRANT pg_monitor, pg_signal_backend TO zdm_mover;
GRANT CREATE, USAGE ON SCHEMA public TO zdm_mover;
DO $$ BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO zdm_mover', current_database());
END $$;
"""


@contextmanager
def owned(server: Server, before: str) -> Iterator[tuple[str, Connection]]:
    """The URL of a database for the owner of what `before` makes, who is no superuser; and a
    session of zdm_writer, who has what it grants."""
    with fresh_database(server) as url:
        run(url, ROLES)
        owner = f"{url}{'&' if '?' in url else '?'}options=-c%20role%3Dzdm_mover"
        run(owner, before)
        with psycopg.connect(url, autocommit=True, prepare_threshold=0) as own:
            own.execute("SET ROLE zdm_writer")
            yield owner, own


def planned(url: str, sql: str) -> Plan:
    """The plan of a migration on the schema that is there."""
    train = Train(statements=split.statements(sql.encode(), "m.sql"), files=())
    start = cases.read(url)
    found = classify.classify(train, start)
    plan = schedule.plan(found, name="m", train=train, snapshot=start)
    plan_revisions.check_invariants(plan)
    return plan


def run(url: str, sql: str) -> None:
    """What somebody's session does."""
    with psycopg.connect(url, autocommit=True) as own:
        own.execute(sql.encode())


def rows(url: str, query: str) -> Rows:
    """What is there."""
    with psycopg.connect(url, autocommit=True) as own:
        return own.execute(query.encode()).fetchall()


def left(
    server: Server, before: str, migration: str, writes: Mapping[str, str], query: str
) -> Rows:
    """What the query finds once the train is contracted; `writes` by the step, or the part of
    its id, behind which an application writes them."""
    due = dict(writes)

    with fresh_database(server) as url:
        run(url, before)
        plan = planned(url, migration)

        def write(event: Event) -> None:
            if isinstance(event, StepDone):
                for part in [part for part in due if part in event.id]:
                    run(url, due.pop(part))

        state = cases.run(url, plan, watching=Watching(write))

        assert state is RunState.CONTRACTED
        assert not due, f"no step is named {due}: {[step.id for step in plan.steps]}"

        return rows(url, query)


def plainly(server: Server, before: str, migration: str, query: str) -> Rows:
    """What the query finds where nothing writes and the migration runs as its author wrote it,
    without zdm."""
    with fresh_database(server) as url:
        run(url, f"{before};\n{migration}")
        return rows(url, query)
