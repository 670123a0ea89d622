"""The status of a database's run, from the journal alone; nothing is written."""

from contextlib import closing
from datetime import datetime

from msgspec import Struct

from zdm.backfill.notices import FailingRow
from zdm.execute.events import Waiting
from zdm.execute.ports import JournalRun, Order
from zdm.execute.states import FINISHED
from zdm.model.plan import Plan
from zdm.postgres.backfill import failing_rows, wal_forecast
from zdm.postgres.backfill.wal_forecast import RecordedCost
from zdm.postgres.catalog import evidence
from zdm.postgres.journal import history, looks, orders, runs
from zdm.postgres.journal.history import History
from zdm.postgres.journal.looks import Comparison
from zdm.postgres.journal.runs import Filled
from zdm.postgres.run import executor_lock
from zdm.postgres.session import connection, pins
from zdm.postgres.session.connection import Connection
from zdm.serialize import plan_file


class Status(Struct, frozen=True, kw_only=True):
    """The unfinished run, else the last one, with the plan that it runs."""

    run: JournalRun
    plan: Plan
    fills: tuple[Filled, ...]
    history: History
    executors: tuple[str, ...]  # host and process of the executor, if one is running
    order: Order | None
    waiting: Waiting | None  # what the executor waits for, or last did
    waiting_seen_at: datetime | None
    costs: tuple[RecordedCost, ...] = ()  # of backfills, once there is a forecast
    comparisons: tuple[Comparison, ...] = ()  # of the last look
    is_restored: bool = False  # since then: restored, or another server took over
    failing: tuple[FailingRow, ...] = ()  # rows that the last attempt could not fill

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do: contracted or rolled back."""
        return self.run.state in FINISHED

    @property
    def is_stamp_ahead(self) -> bool:
        """Whether Alembic's version table claims what the schema does not hold yet."""
        stamped = any(s.operation == "stamp" and s.id in self.run.done for s in self.plan.steps)
        return stamped and not self.is_finished


def read(url: str) -> Status | None:
    """The database's run; None where there never was one."""
    with (
        closing(connection.connect(url, name="status")) as opened,
        connection.translated("reading the journal"),
        opened.transaction(),
    ):
        pins.pin_transaction(opened)
        run = runs.unfinished(opened) or runs.latest(opened)
        return None if run is None else _status(opened, run)


def _status(opened: Connection, run: JournalRun) -> Status:
    version = runs.version(opened)
    comparisons = looks.comparisons(opened, run.id) if version >= 6 else ()
    is_new = version >= 2  # they came with it
    waiting = orders.waiting(opened, run.id) if is_new else None
    return Status(
        run=run,
        plan=plan_file.loads(runs.plan_text(opened, run.id), f"the plan of run {run.id}"),
        fills=runs.ranges(opened, run.id),
        history=history.of_run(opened, run.id),
        executors=running_executors(opened),
        order=orders.current(opened, run.id) if is_new else None,
        waiting=waiting[0] if waiting else None,
        waiting_seen_at=waiting[1] if waiting else None,
        failing=failing_rows.recorded(opened, run.id) if version >= 4 else (),
        comparisons=comparisons,
        is_restored=bool(comparisons) and _is_restored(opened, run),
        costs=wal_forecast.recorded(opened, run.id) if version >= 4 else (),
    )


def _is_restored(opened: Connection, run: JournalRun) -> bool:
    """Whether what was compared was compared in another life of the database."""
    now = evidence.server(opened)  # not known on a standby
    return run.state not in FINISHED and now not in (None, looks.server(opened, run.id))


def running_executors(opened: Connection) -> tuple[str, ...]:
    """Host and process of the running executor; none, or one."""
    return tuple(executor_lock.described(holder) for holder in executor_lock.holders(opened))
