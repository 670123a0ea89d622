"""Whole runs, one after the other, for as long as the writers write.

Each adds a column that follows another one by a trigger, fills it beside the writers, and
drops the column of the run before: expand, backfill, last look and contract.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

from msgspec.structs import replace

from tests import case as cases
from tests.case import Watching
from tests.deadlocks import writers
from tests.deadlocks.writers import Told, Wanted
from tests.unit import schemas
from zdm.backfill.pacing import Pacing
from zdm.execute import runner
from zdm.execute.clock import SystemClock
from zdm.execute.events import BackfillMeasured
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.planning import classify, schedule
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.session import connection
from zdm.workflows import plan_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the writers saw, how many runs there were, and what they did."""

    told: Told
    runs: int
    rows: int  # that batches changed
    retries: dict[str, int]  # batches, by SQLSTATE
    wrong: tuple[str, ...]


def alone(wanted: Wanted) -> Told:
    """The same writers, and no run."""
    _make(wanted)
    with writers.at_work(wanted) as writing:
        pass
    assert writing.told is not None
    return writing.told


def _make(wanted: Wanted) -> None:
    with connection.connect(wanted.url, name="tests") as conn:
        conn.execute(writers.TABLE.format(wanted.rows).encode())


def beside(wanted: Wanted, pacing: Pacing) -> Outcome:
    """Run beside the writers."""
    url = wanted.url
    _make(wanted)
    done, measured, wrong = 0, list[BackfillMeasured](), list[str]()
    with writers.at_work(wanted) as writing:
        while writing.is_going_on or not done:
            done += 1
            measured += _one(url, _plan(url, done), pacing, wrong)
    assert writing.told is not None
    retries: dict[str, int] = {}
    for one in measured:
        for state, count in one.retries:
            retries[state] = retries.get(state, 0) + count
    return Outcome(
        told=writing.told,
        runs=done,
        rows=sum(one.changed for one in measured),
        retries=retries,
        wrong=tuple(wrong),
    )


def _plan(url: str, number: int) -> Plan:
    text = f"ALTER TABLE t ADD COLUMN k{number} text; UPDATE t SET k{number} = upper(a);"
    if number > 1:
        text += f" ALTER TABLE t DROP COLUMN k{number - 1};"
    schema, train = cases.read(url), schemas.train(text)
    return schedule.plan(
        classify.classify(train, schema), name=f"p{number}", train=train, snapshot=schema
    )


def _one(url: str, plan: Plan, pacing: Pacing, wrong: list[str]) -> list[BackfillMeasured]:
    stop, clock, watching = StopFlag(), SystemClock(), Watching()
    with closing(PostgresDatabase(url, clock, stop, pacing)) as database:
        world = World(
            database=database, platform=None, observer=watching, clock=clock, stop=stop
        )
        options = replace(cases.options(), lock_deadline=timedelta(minutes=5))
        state = runner.execute(plan_files.plan_text(plan), world, options)
    if state is not RunState.CONTRACTED:
        wrong.append(f"{plan.name} is {state}")
    return [event for event in watching.events if isinstance(event, BackfillMeasured)]
