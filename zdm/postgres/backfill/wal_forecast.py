"""What a backfill will have cost: the plan's estimate, replaced by what its batches measured.

After the first twenty batches WAL and rows are extrapolated from the rows read so far. A
forecast above the operator's limit holds the backfill until an operator approves it with
`zdm resume`; the journal records who did.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from msgspec import Struct
from psycopg.rows import class_row

from zdm.backfill.permit import Permit
from zdm.backfill.throughput import ENOUGH
from zdm.execute.events import Expected, Hold, Suspicious
from zdm.model import size
from zdm.model.plan import Backfill, Cost
from zdm.postgres.journal import orders
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session.connection import Connection

GATE = "budget"
FAR_OFF = 2.0  # times the plan's figure, or less than its half
GB = 10**9  # as in wal_limit_gb


class Spent(Struct, frozen=True, kw_only=True):
    """What a step's batches did until now, earlier attempts included."""

    scanned: int
    changed: int
    wal: int
    estimate: int | None  # rows to look at
    batches: int  # of this attempt


def expected(planned: Cost, spent: Spent, enough: int = ENOUGH) -> Expected | None:
    """The cost at the end; None before enough batches, or where the rows are not known."""
    if spent.batches < enough or not spent.scanned or spent.estimate is None:
        return None
    times = max(1.0, spent.estimate / spent.scanned)
    return Expected(
        rows=round(spent.changed * times),
        wal_bytes=round(spent.wal * times),
        planned_rows=planned.rows,
        planned_wal_bytes=planned.wal_bytes,
    )


def surprise(seen: Expected) -> str:
    """A sentence where the plan was far off, else nothing."""
    found = []
    if _is_far(seen.wal_bytes, seen.planned_wal_bytes):
        planned = size.text(seen.planned_wal_bytes or 0)
        found.append(f"{size.text(seen.wal_bytes)} of WAL, and {planned} was planned")
    if _is_far(seen.rows, seen.planned_rows):
        found.append(f"{seen.rows:,} rows, and {seen.planned_rows:,} were planned")
    return f"it will write {'; and '.join(found)}" if found else ""


def _is_far(seen: int, planned: int | None) -> bool:
    if not planned:
        return False
    return not planned / FAR_OFF <= seen <= planned * FAR_OFF


class RecordedCost(Struct, frozen=True, kw_only=True):
    """One backfill's cost as the journal has it."""

    step: str
    planned_rows: int | None
    planned_wal: int | None
    expected_rows: int | None
    expected_wal: int
    wal_limit: int | None
    holds: bool
    approved_by: str | None

    @property
    def is_approved(self) -> bool:
        """Whether an operator approved it above its limit."""
        return self.approved_by is not None


def recorded(connection: Connection, run: int) -> tuple[RecordedCost, ...]:
    """The last forecast of what each of a run's backfills costs."""
    with connection.cursor(row_factory=class_row(RecordedCost)) as cursor:
        cursor.execute(
            "SELECT step_id AS step, planned_rows, planned_wal, expected_rows, expected_wal,"
            " wal_limit, holds, approved_by FROM zdm.backfill_cost WHERE run_id = %s"
            " ORDER BY step_id",
            (run,),
        )
        return tuple(cursor)


@dataclass(slots=True)
class Costs:
    """Watches what one backfill is going to cost; used by the thread that reports."""

    connection: Connection
    fence: Fence
    step: Backfill
    permit: Permit
    every: timedelta  # between two looks at the forecast, and at an answer of the operator
    limit: int | None  # bytes of WAL, of the whole backfill
    approved: bool = False
    warned: bool = False
    looked: float = field(default=0.0)

    def begin(self) -> None:
        """A forecast that an earlier attempt held for still holds, unless it was approved."""
        before = self._recorded()
        if before is None:
            return
        self.approved = before.is_approved
        if before.holds:
            self._hold_where_above(before.expected_wal)

    def look(self, seen: Expected | None, wal: int) -> Iterator[Suspicious]:
        """Now and then: record the forecast, hold above the limit, look for an approval."""
        now = self.permit.clock.monotonic()
        if now - self.looked < self.every.total_seconds():
            return
        self.looked = now
        if seen is not None and not self.warned:
            self.warned = True
            if reason := surprise(seen):
                yield Suspicious(id=self.step.id, reason=reason)
        if self.permit.budget is not None:
            before = self._recorded()
            if before is not None and before.is_approved:
                self.approved = True
                self.permit.hold_for(None)
        self._hold_where_above(max(wal, 0 if seen is None else seen.wal_bytes))
        if seen is not None or self.permit.budget is not None:
            self._record(seen, wal)

    def _hold_where_above(self, wal: int) -> None:
        if self.limit is None or self.approved or self.permit.budget or wal <= self.limit:
            return
        hold = Hold(
            gate=GATE,
            reason=f"it will write {size.text(wal)} of WAL (limit {size.text(self.limit)});"
            " `zdm resume` approves it",
            value=wal / GB,
            limit=self.limit / GB,
            since=self.permit.clock.now(),
        )
        self.permit.hold_for(hold)

    def _recorded(self) -> RecordedCost | None:
        found = recorded(self.connection, self.fence.run)
        return next((one for one in found if one.step == self.step.id), None)

    def _record(self, seen: Expected | None, wal: int) -> None:
        self.connection.execute(
            "INSERT INTO zdm.backfill_cost AS c (run_id, step_id, planned_rows, planned_wal,"
            " expected_rows, expected_wal, wal_limit, holds)"
            " SELECT id, %s, %s, %s, %s, %s, %s, %s FROM zdm.run WHERE id = %s AND epoch = %s"
            " ON CONFLICT (run_id, step_id) DO UPDATE SET"
            " expected_rows = coalesce(EXCLUDED.expected_rows, c.expected_rows),"
            " expected_wal = greatest(EXCLUDED.expected_wal, 0),"
            " wal_limit = EXCLUDED.wal_limit, holds = EXCLUDED.holds,"
            " updated_at = clock_timestamp()",
            (
                self.step.id,
                self.step.cost.rows,
                self.step.cost.wal_bytes,
                None if seen is None else seen.rows,
                wal if seen is None else seen.wal_bytes,
                self.limit,
                self.permit.budget is not None,
                self.fence.run,
                self.fence.epoch,
            ),
        )


def holding(connection: Connection, run: int) -> tuple[str, ...]:
    """The backfills that wait for an operator's approval."""
    return tuple(
        one.step for one in recorded(connection, run) if one.holds and not one.is_approved
    )


def approve(connection: Connection, run: int, by: str) -> tuple[str, ...]:
    """Approve the backfills that hold above their limit; which these are."""
    with connection.transaction():
        steps = holding(connection, run)
        connection.execute(
            "UPDATE zdm.backfill_cost SET approved_by = %s, approved_at = clock_timestamp()"
            " WHERE run_id = %s AND step_id = ANY (%s)",
            (by, run, list(steps)),
        )
        for step in steps:
            orders.act(connection, run, by, f"approved {step} above its WAL limit")
    return steps
