"""The run: to the switch, back, to the switch again, and to the end, beside the writers."""

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

from tests import case as cases
from tests.loads import held
from tests.unit import schemas
from tests.widening import prepared, writers
from tests.widening.writers import Told
from zdm.backfill.pacing import Pacing
from zdm.execute import rollback
from zdm.execute.clock import SystemClock
from zdm.execute.stop import StopFlag
from zdm.execute.world import World
from zdm.model.plan import Plan
from zdm.model.release import RunState
from zdm.planning import classify, schedule
from zdm.postgres.run.database import PostgresDatabase
from zdm.postgres.session import connection

MIGRATION = """
ALTER TABLE customers ALTER COLUMN id TYPE bigint;
ALTER TABLE orders ALTER COLUMN customer_id TYPE bigint;
ALTER TABLE visits ALTER COLUMN customer_id TYPE bigint;
ALTER TABLE invoices ALTER COLUMN customer_id TYPE bigint;
ALTER SEQUENCE customers_id_seq AS bigint;
"""
# an operator's: where many write on a busy machine, four tables are seldom free at once
PATIENCE = timedelta(minutes=10)
_LOCK = "customers AccessExclusiveLock"
BEYOND = 3_000_000_000  # what no integer holds
_ORPHANS = " UNION ALL ".join(
    f"SELECT id FROM {table} AS c WHERE customer_id IS NOT NULL AND NOT EXISTS"
    f" (SELECT FROM customers WHERE id = c.customer_id)"
    for table in writers.CHILDREN
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the writers and the two sessions that prepare saw, how long the tables were locked,
    and what is not as it must be."""

    told: Told
    prepared: dict[str, int]
    switch_ms: float
    back_ms: float
    contract_ms: float
    seconds: float
    wrong: tuple[str, ...]


def beside(url: str, rows: int, *, pause: float = 1.0) -> Outcome:
    """Run beside the writers; `pause` is how long they write between two parts."""
    with connection.connect(url, name="tests") as conn:
        conn.execute(writers.SCHEMA.encode())
        conn.execute(writers.ROWS.format(rows=rows).encode())
        conn.execute(b"VACUUM ANALYZE")
    plan, began = _plan(url), time.monotonic()
    with writers.at_work(url, rows) as writing, prepared.reading(url) as failed:
        time.sleep(pause)
        with held.watching(url) as there:
            _run(url, plan, RunState.BACKFILLED)
        time.sleep(pause)
        with held.watching(url) as back:
            _revert(url, plan)
        time.sleep(pause)
        with held.watching(url) as again:
            _run(url, plan, RunState.BACKFILLED)
        time.sleep(pause)
        writing.stop_old()
        with held.watching(url) as end:
            _run(url, plan, RunState.CONTRACTED)
        time.sleep(pause)
    assert writing.told is not None
    return Outcome(
        told=writing.told,
        prepared=dict(failed),
        switch_ms=max(there.get(_LOCK, 0.0), again.get(_LOCK, 0.0)),
        back_ms=back.get(_LOCK, 0.0),
        contract_ms=end.get(_LOCK, 0.0),
        seconds=time.monotonic() - began,
        wrong=tuple(_wrong(url, rows, writing.told)),
    )


def _plan(url: str) -> Plan:
    schema, train = cases.read(url), schemas.train(MIGRATION)
    return schedule.plan(
        classify.classify(train, schema), name="widen", train=train, snapshot=schema
    )


def _run(url: str, plan: Plan, until: RunState) -> None:
    state = cases.run(url, plan, until=until, patience=PATIENCE)

    assert state is until, state


def _revert(url: str, plan: Plan) -> None:
    stop, clock = StopFlag(), SystemClock()
    with closing(PostgresDatabase(url, clock, stop, Pacing.FULL)) as database:
        world = World(
            database=database,
            platform=None,
            observer=cases.Watching(),
            clock=clock,
            stop=stop,
        )
        rollback.revert(plan, world, cases.options(patience=PATIENCE))


def _wrong(url: str, rows: int, told: Told) -> list[str]:
    found: list[str] = []
    with connection.connect(url, name="tests") as conn:
        points: dict[int, int] = dict(
            conn.execute(b"SELECT id, points FROM customers").fetchall()
        )
        for id_ in range(1, rows + 1):
            if points.pop(id_, None) != id_:
                found.append(f"customer {id_}")
        if points != told.customers:
            found.append("customers of the writers")
        for table in writers.CHILDREN:
            sql = f"SELECT id, customer_id, amount FROM {table}"
            there = conn.execute(sql.encode()).fetchall()
            first = {id_: parent for id_, parent, _ in there if id_ <= rows}
            if any(first.get(id_) != id_ for id_ in range(1, rows + 1)):
                found.append(f"{table} from before")
            written = {id_: parent for id_, parent, _ in there if id_ > rows}
            if written != {i: parent for (t, i), parent in told.children.items() if t == table}:
                found.append(f"{table} of the writers")
        ((seen,),) = conn.execute(b"SELECT sum(seen) FROM customers").fetchall()
        if seen != told.seen:
            found.append(f"{seen} seen instead of {told.seen}")
        found += [f"orphan {row}" for row in conn.execute(_ORPHANS.encode()).fetchmany(5)]
        conn.execute(b"SELECT setval('customers_id_seq', %d)" % BEYOND)
        conn.execute(b"INSERT INTO customers (name, points) VALUES ('beyond', 1)")
    return found
