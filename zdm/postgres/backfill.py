"""The batch engine: many small convergent transactions, each with its checkpoint.

One batch is one READ COMMITTED transaction that writes rows and cursor together; kill it
anywhere and nothing is lost or done twice with effect. A batch is bounded by the n-th key
after the cursor, so gaps make no empty batches. Success is a verification that finds no
differing row, twice; never the end of the loop. Without a key the table is swept by ctid
pages until one sweep changes nothing.
"""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from psycopg import errors

from zdm.errors import StoppedError
from zdm.execute.events import BackfillProgress, Suspicious
from zdm.execute.ports import Clock, LockBusyError
from zdm.model.plan import Backfill
from zdm.model.sql import ident
from zdm.postgres import journal
from zdm.postgres.backfill_walk import Bounds, Walk, walks
from zdm.postgres.connection import Connection, first_line
from zdm.postgres.journal import Fence

LOCK_TIMEOUT = "1s"  # a row held by somebody: wait a little, then shrink
STATEMENT_TIMEOUT = "15s"  # no batch may hold its rows longer
TARGET_SECONDS = 0.25
PANIC = 3.0  # times the target
FIRST, SMALLEST, LARGEST = 1_000, 100, 50_000
GROWTH = 1.5
WINDOW = 10
PAUSE_SECONDS, DUTY = 0.05, 0.5
RETRIES = 10
PASSES = 2  # clean verifications in a row
SWEEPS = 20  # refills at the most
REPORT_SECONDS = 0.5
_ROW = (errors.DataError, errors.IntegrityError, errors.RaiseException)
_AGAIN = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.QueryCanceled,  # too slow; if it was a signal, the runner stops at the next yield
)


class Pacing(StrEnum):
    """`paced` leaves the server room to breathe; `full` is for a quiet database."""

    PACED = "paced"
    FULL = "full"


@dataclass(slots=True)
class Controller:
    """The batch's size, from what the last ones cost per key (backfill design, section 4)."""

    size: int = FIRST
    costs: list[float] = field(default_factory=list)

    def took(self, seconds: float, keys: int) -> None:
        """Learn from a batch; a much too long one halves the size and forgets."""
        if seconds > PANIC * TARGET_SECONDS:
            self.panic()
            return
        self.costs = [*self.costs, seconds / max(keys, 1)][-WINDOW:]
        dear = sorted(self.costs)[int(len(self.costs) * 0.9) - 1 if len(self.costs) > 1 else 0]
        wanted = TARGET_SECONDS / max(dear, 1e-9)
        self.size = int(min(max(min(GROWTH * self.size, wanted), SMALLEST), LARGEST))

    def panic(self) -> None:
        """Halve the size after a failure or a long batch."""
        self.size = max(SMALLEST, self.size // 2)
        self.costs = []


def run(
    connection: Connection, step: Backfill, fence: Fence, clock: Clock, pacing: Pacing
) -> Iterator[BackfillProgress | Suspicious]:
    """Fill and verify the table, leaf by leaf; raises StoppedError naming a failing row.

    A backfill that found rows and changed none is said, in case its predicate is wrong.
    """
    scanned = changed = 0
    for walk in walks(connection, step):
        filler = _Filler(connection, step, fence, clock, pacing, walk)
        yield from filler.run()
        scanned, changed = scanned + filler.scanned, changed + filler.changed
    if scanned and not changed:
        yield Suspicious(
            id=step.id,
            reason=f"the backfill looked at {scanned} rows of {step.table} and changed none",
        )


class _Filler:
    def __init__(  # noqa: PLR0913  # made in one place, from what run() was given
        self,
        connection: Connection,
        step: Backfill,
        fence: Fence,
        clock: Clock,
        pacing: Pacing,
        walk: Walk,
    ) -> None:
        self.connection = connection
        self.step = step
        self.fence = fence
        self.clock = clock
        self.pacing = pacing
        self.walk = walk
        self.controller = Controller()
        self.scanned = self.changed = 0
        self.cursor: tuple[str, ...] | None = None
        self.estimate: int | None = None
        self.began = time.monotonic()
        self.reported = 0.0
        self.first_scanned = 0
        self.batch_seconds = 0.0
        sets = ", ".join(f"{ident(a.column)} = {a.expression}" for a in step.assignments)
        self.update = f"UPDATE {walk.target} SET {sets} WHERE ({step.differs})"  # noqa: S608

    def run(self) -> Iterator[BackfillProgress]:
        if self._load() == "verified":
            return
        for sweep in range(SWEEPS):
            changed = self.changed
            yield from self._sweep()
            by_ctid = not self.walk.key and self.changed > changed
            if by_ctid or (yield from self._differing()):
                self._restart(sweep)
                continue
            self._verified()
            yield self._progress(verifying=True)
            return
        raise StoppedError(
            f"{self.step.id}: rows of {self.walk.relation} still differ after {SWEEPS} sweeps",
            hint="something else writes the old value; find it, then run it again",
        )

    def _load(self) -> str:
        self.connection.execute(
            "INSERT INTO zdm.backfill_range (run_id, step_id, relation, estimate)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (self.fence.run, self.step.id, self.walk.relation, self.walk.estimate),
        )
        row = self.connection.execute(
            "SELECT cursor, scanned, changed, estimate, state FROM zdm.backfill_range"
            " WHERE run_id = %s AND step_id = %s AND relation = %s",
            (self.fence.run, self.step.id, self.walk.relation),
        ).fetchone()
        assert row is not None
        self.cursor = None if row[0] is None else tuple(row[0])
        self.scanned = self.first_scanned = row[1]
        self.changed, self.estimate = row[2], row[3]
        return str(row[4])

    def _sweep(self) -> Iterator[BackfillProgress]:
        failures = 0
        while True:
            started = time.monotonic()
            try:
                bounds = self._batch(self.controller.size)
            except _AGAIN as error:
                failures += 1
                self.controller.panic()
                if failures > RETRIES:
                    raise LockBusyError(
                        f"a batch of {self.step.id} found no lock {RETRIES} times:"
                        f" {first_line(error)}",
                        hint="see who holds rows of the table",
                    ) from error
                yield self._progress(waiting=first_line(error))
                self.clock.sleep(timedelta(seconds=min(0.2 * 2**failures, 5.0)))
                continue
            except _ROW as error:
                raise self._row_fails(error) from error
            failures = 0
            self.batch_seconds = time.monotonic() - started
            self.controller.took(self.batch_seconds, bounds.keys)
            if bounds.last:
                return
            yield from self._report()
            self._pause()

    def _batch(self, size: int) -> Bounds:
        with self.connection.transaction():
            journal.check(self.connection, self.fence)
            self._settings()
            bounds = self.walk.next(self.connection, self.cursor, size)
            if bounds.keys:
                cursor = self.connection.execute(
                    f"{self.update} AND {self.walk.between(self.cursor, bounds)}".encode()
                )
                changed = cursor.rowcount
            else:
                changed = 0
            self.connection.execute(
                "UPDATE zdm.backfill_range SET cursor = %s, scanned = scanned + %s,"
                " changed = changed + %s, updated_at = clock_timestamp()"
                " WHERE run_id = %s AND step_id = %s AND relation = %s",
                (
                    None if bounds.upper is None else list(bounds.upper),
                    bounds.keys,
                    changed,
                    self.fence.run,
                    self.step.id,
                    self.walk.relation,
                ),
            )
        self.cursor = bounds.upper if bounds.upper is not None else self.cursor
        self.scanned += bounds.keys
        self.changed += changed
        return bounds

    def _settings(self) -> None:
        for name, value in (
            ("lock_timeout", LOCK_TIMEOUT),
            ("statement_timeout", STATEMENT_TIMEOUT),
            *((setting.name, setting.value) for setting in self.step.settings),
        ):
            self.connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))

    def _row_fails(self, error: Exception) -> StoppedError:
        """Halve the batch until one row is left, and name it."""
        size = self.controller.size
        while size > 1:
            size = max(1, size // 2)
            try:
                bounds = self._batch(size)
            except _ROW as still:
                error = still
                continue
            if bounds.last:
                break
            size = size * 2 if bounds.keys else 1
        with self.connection.transaction():
            bounds = self.walk.next(self.connection, self.cursor, 1)
        key = ", ".join(bounds.upper or ("the last row",))
        return StoppedError(
            f"{self.step.id}: the row with {self.walk.key_words} = {key} of"
            f" {self.walk.relation} cannot be filled: {first_line(error)}",
            hint="mend that row or the expression; nothing is lost, and the same command"
            " goes on from there",
        )

    def _differing(self) -> Generator[BackfillProgress, None, bool]:
        """Look for differing rows, chunk by chunk; the value is whether there are any."""
        for _ in range(PASSES):
            cursor: tuple[str, ...] | None = None
            while True:
                with self.connection.transaction():
                    self._settings()
                    bounds = self.walk.next(self.connection, cursor, LARGEST)
                    row = self.connection.execute(
                        f"SELECT EXISTS (SELECT FROM {self.walk.target}"  # noqa: S608
                        f" WHERE ({self.step.differs})"
                        f" AND {self.walk.between(cursor, bounds)})".encode()
                    ).fetchone()
                if row is not None and row[0]:
                    return True
                if bounds.last:
                    break
                cursor = bounds.upper
                yield self._progress(verifying=True)
        return False

    def _restart(self, sweep: int) -> None:
        self.cursor = None
        with self.connection.transaction():
            journal.check(self.connection, self.fence)
            self.connection.execute(
                "UPDATE zdm.backfill_range SET cursor = NULL, sweeps = %s WHERE run_id = %s"
                " AND step_id = %s AND relation = %s",
                (sweep + 1, self.fence.run, self.step.id, self.walk.relation),
            )

    def _verified(self) -> None:
        with self.connection.transaction():
            journal.check(self.connection, self.fence)
            self.connection.execute(
                "UPDATE zdm.backfill_range SET state = 'verified', updated_at ="
                " clock_timestamp() WHERE run_id = %s AND step_id = %s AND relation = %s",
                (self.fence.run, self.step.id, self.walk.relation),
            )
        self.connection.execute(f"ANALYZE {self.walk.target.removeprefix('ONLY ')}".encode())

    def _pause(self) -> None:
        if self.pacing is Pacing.PACED:
            seconds = max(PAUSE_SECONDS, DUTY * self.batch_seconds)
            self.clock.sleep(timedelta(seconds=seconds))

    def _report(self) -> Iterator[BackfillProgress]:
        now = time.monotonic()
        if now - self.reported >= REPORT_SECONDS:
            self.reported = now
            yield self._progress()

    def _progress(self, *, verifying: bool = False, waiting: str = "") -> BackfillProgress:
        elapsed = time.monotonic() - self.began
        done = self.scanned - self.first_scanned
        rate = done / elapsed if elapsed > 1.0 and done else None
        left = None if self.estimate is None else max(self.estimate - self.scanned, 0)
        eta = None if rate is None or left is None else timedelta(seconds=left / rate)
        return BackfillProgress(
            id=self.step.id,
            table=self.walk.relation,
            scanned=self.scanned,
            estimate=self.estimate,
            changed=self.changed,
            batch=self.controller.size,
            batch_seconds=self.batch_seconds,
            rate=rate,
            eta=eta,
            verifying=verifying,
            waiting=waiting,
        )
