"""The batch engine: many small convergent transactions, each with its checkpoint.

One batch is one READ COMMITTED transaction that writes rows and cursor together; kill it
anywhere and nothing is lost or done twice with effect. Workers in threads fill disjoint
ranges of keys. Success is a verification that finds no differing row, twice; never the end
of the loop. Without a key the table is swept by ctid pages until a sweep changes nothing.
"""

import contextlib
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from zdm.backfill import batch_size
from zdm.backfill.batch_size import MIB, Pace
from zdm.backfill.pacing import Pacing
from zdm.backfill.permit import TICK, Permit
from zdm.backfill.shared import Shared
from zdm.backfill.tuning import Tuning
from zdm.config.settings import BackfillSettings
from zdm.errors import StoppedError, TemporaryError
from zdm.execute.events import BackfillEvent, BackfillProgress, Suspicious
from zdm.execute.ports import Clock, LockBusyError
from zdm.model.plan import Backfill
from zdm.postgres.backfill import (
    batch,
    failing_rows,
    gate_poller,
    key_walk,
    trigger_guard,
    vacuum,
    writers,
)
from zdm.postgres.backfill.batch import Connect
from zdm.postgres.backfill.gate_poller import STOP_READS, Monitor
from zdm.postgres.backfill.key_ranges import Ranges
from zdm.postgres.backfill.key_walk import Key, Walk
from zdm.postgres.backfill.lookahead import Scout
from zdm.postgres.backfill.progress import Reporter
from zdm.postgres.backfill.trigger_guard import Guard
from zdm.postgres.backfill.verify import Pass
from zdm.postgres.backfill.wal_forecast import Costs
from zdm.postgres.backfill.worker import Task, Worker
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session.connection import Connection

Hits = list[tuple[Key | None, Key | None]]  # chunks that differ
PASSES = 2  # clean verifications in a row
SWEEPS = 20  # refills at the most


PACES = {
    # active for two thirds of the time on a quiet server, a twenty-fifth on a busy one
    Pacing.PACED: Pace(
        target=timedelta(milliseconds=50),
        shortest=timedelta(milliseconds=3),
        at_first=timedelta(milliseconds=3),
        first=1_000,
        smallest=100,
        largest=50_000,
        wal_cap=16 * MIB,
        pause=timedelta(milliseconds=20),
        rest=0.5,
        rest_when_busy=BackfillSettings().rest_per_work,
    ),
    # longer batches are no faster: the rows of a short one are still in the caches; and who
    # wants one of these rows waits for the rest of the batch
    Pacing.FULL: Pace(
        target=timedelta(milliseconds=50),
        shortest=timedelta(milliseconds=20),
        at_first=timedelta(milliseconds=50),
        first=10_000,
        smallest=100,
        largest=100_000,
        wal_cap=64 * MIB,
        pause=timedelta(0),
        rest=0.0,
        rest_when_busy=0.0,
        takes_table=True,
    ),
}


class FillRequest(Struct, frozen=True, kw_only=True):
    """One backfill of a run, and how it is to be done."""

    connect: Connect
    step: Backfill
    fence: Fence
    clock: Clock
    pacing: Pacing = Pacing.PACED
    settings: BackfillSettings = BackfillSettings()
    tuning: Tuning = Tuning()

    @property
    def pace(self) -> Pace:
        """The pacing's, with the settings' rest for a busy server."""
        pace = PACES[self.pacing]
        busy = self.settings.rest_per_work
        return replace(pace, rest_when_busy=busy) if pace.rest_when_busy else pace


def run(request: FillRequest) -> Iterator[BackfillEvent]:
    """Fill and verify the table, all leaves of it; raises StoppedError naming a failing row.

    A backfill that read rows and changed none is reported, in case its predicate is wrong.
    """
    with contextlib.closing(
        batch.opened(request.connect, "backfill", request.step, request.tuning)
    ) as connection:
        yield from _Engine(request, connection).run()


@dataclass(slots=True)
class _Engine:
    request: FillRequest
    connection: Connection
    shared: Shared = field(init=False)
    permit: Permit = field(init=False)
    ranges: Ranges = field(init=False)
    reporter: Reporter = field(init=False)
    costs: Costs = field(init=False)
    guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        self.permit = Permit(self.request.settings.workers, self.request.clock)
        self.shared = Shared(self.permit)
        self.ranges = Ranges(self.connection, self.request.fence, self.request.step.id)
        self.reporter = Reporter(
            self.request.step, self.shared, self.request.clock, self.request.tuning
        )
        self.guard = Guard(self.request.step)
        self.costs = Costs(
            connection=self.connection,
            fence=self.request.fence,
            step=self.request.step,
            permit=self.permit,
            every=self.request.tuning.forecast_every,
            limit=self.request.settings.wal_limit,
        )

    def run(self) -> Iterator[BackfillEvent]:
        limits = self.request.settings.gates
        blind = gate_poller.blind_spots(self.connection, limits)
        if blind:
            yield Suspicious(id=self.request.step.id, reason=blind)
        done: set[str] = set()
        monitor = Monitor(
            connect=self.request.connect,
            limits=limits,
            shared=self.shared,
            tuning=self.request.tuning,
            guard=self.guard,
            vacuums=self.request.pacing is Pacing.PACED,
        )
        with monitor.polling():
            for _ in range(SWEEPS):  # partitions may come while it runs
                walks = key_walk.walks(self.connection, self.request.step)
                new = tuple(walk for walk in walks if walk.relation not in done)
                if not new:
                    yield from self.reporter.end(self.ranges.totals())
                    return
                monitor.watch(self._oids(new))
                yield from self._leaves(new)
                self._await_look()
                done |= {walk.relation for walk in new}
        raise StoppedError(
            f"{self.request.step.id}: partitions were still being added to"
            f" {self.request.step.table} after {SWEEPS} passes over it",
            hint="stop adding partitions, then run the same command again",
        )

    def _oids(self, walks: tuple[Walk, ...]) -> list[int]:
        """The leaves and the table itself."""
        row = self.connection.execute(
            "SELECT pg_catalog.to_regclass(%s)::oid::bigint", (self.request.step.table.sql,)
        ).fetchone()
        return [*({row[0]} if row else ()), *(walk.oid for walk in walks)]

    def _leaves(self, walks: tuple[Walk, ...]) -> Iterator[BackfillEvent]:
        workers = self.permit.workers
        waiting = tuple(w for w in walks if not self.ranges.take_over(w, workers))
        self.reporter.begin(self.ranges.totals())
        if not waiting:
            return
        yield from self._fill(waiting)
        for walk in waiting:
            yield from self._prove(walk)

    def _fill(self, walks: tuple[Walk, ...]) -> Iterator[BackfillEvent]:
        """Workers fill all waiting ranges; this thread reports."""
        started = self.request.clock.monotonic()
        task = Task(
            step=self.request.step,
            fence=self.request.fence,
            clock=self.request.clock,
            pace=self.request.pace,
            wal_budget=float(self.request.settings.wal_budget_mb * MIB),
            walks={walk.relation: walk for walk in walks},
            failing_rows=self.request.settings.failing_rows,
        )
        self.costs.begin()
        with self._pool(task):
            while self.permit.running and not self.permit.error:
                self.permit.wait()
                yield from self.reporter.where_due()
                yield from self.reporter.warnings()
                yield from self.costs.look(self.reporter.expected(), self.reporter.wal)
        self.reporter.filling += self.request.clock.monotonic() - started
        if failing := self.shared.notices.failing:
            raise failing_rows.stopped(self.request.step, failing)

    @contextlib.contextmanager
    def _pool(self, task: Task) -> Iterator[None]:
        """The workers, each on its connection; stopped and gone after the block."""
        permit = self.permit
        with contextlib.ExitStack() as stack:
            workers: list[Worker] = []
            for number in range(1, permit.workers + 1):
                try:
                    opened = self._opened(f"worker-{number}")
                except TemporaryError as error:
                    self._continue_with(len(workers), error)
                    break
                stack.enter_context(contextlib.closing(opened))
                workers.append(
                    Worker(number, task, self.shared, opened, self._scout(stack, number))
                )
            self._await_look()
            pool = stack.enter_context(ThreadPoolExecutor(len(workers), "zdm-backfill"))
            permit.begin(len(workers))
            for worker in workers:
                pool.submit(worker.run).add_done_callback(permit.ended)
            try:
                yield
            finally:
                self._stop(workers, task.pace.target)
        if permit.error is not None:
            raise permit.error

    def _continue_with(self, workers: int, error: TemporaryError) -> None:
        """Continue with the workers that got a connection; without any, try again later."""
        self.connection.execute("SELECT")  # raises where the server is gone
        if not workers:
            raise LockBusyError(
                f"no worker of {self.request.step.id} gets a connection: {error.message}",
                hint=error.hint,
            ) from error
        self.shared.notices.note(f"continuing with {workers} workers: {error.message}")

    def _opened(self, name: str) -> Connection:
        """A worker's connection; a paced one rests in VACUUM as an autovacuum does."""
        opened = batch.opened(
            self.request.connect, name, self.request.step, self.request.tuning
        )
        batch.commit_at_once(opened)
        if self.request.pacing is Pacing.PACED:
            vacuum.rest_as_autovacuum(opened)
        return opened

    def _scout(self, stack: contextlib.ExitStack, number: int) -> Scout | None:
        """At full speed only, for it needs one more connection."""
        if self.request.pacing is not Pacing.FULL:
            return None
        request, name = self.request, f"scout-{number}"
        opened = partial(batch.opened, request.connect, name, request.step, request.tuning)
        return stack.enter_context(contextlib.closing(Scout(opened)))

    def _stop(self, workers: list[Worker], patience: timedelta) -> None:
        """Begin nothing more; a batch that takes longer than a usual one is cancelled."""
        if self.permit.running:
            self.permit.stop()
            self.permit.wait_for_workers(patience)
            for worker in workers:
                if self.permit.running:
                    with contextlib.suppress(psycopg.Error):
                        worker.connection.cancel_safe(timeout=5.0)

    def _prove(self, walk: Walk) -> Iterator[BackfillEvent]:
        """Verify a relation until it is clean twice in a row; refill what differs."""
        step = self.request.step
        if step.copy is not None and not step.synced:
            yield from self._complete(walk)
            return
        if not walk.key:
            yield from self._sweep(walk)
        if step.copy is None:  # which leaves no dead rows
            yield from self._vacuum(walk)
        yield from self._await_writers(walk)
        for _ in range(SWEEPS):
            before = trigger_guard.triggers(self.connection, self._oids((walk,)))
            hits = yield from self._passes(walk)
            self.guard.check(self.connection)
            after = trigger_guard.triggers(self.connection, self._oids((walk,)))
            if not hits and before == after:
                self.ranges.verified(walk)
                yield self.reporter.progress(verifying=True)
                return
            if hits:
                self.ranges.refill(walk, hits)
                yield from self._fill((walk,))
        raise StoppedError(
            f"{self.request.step.id}: rows of {walk.relation} still differ"
            f" after {SWEEPS} sweeps",
            hint=trigger_guard.suspects(self.connection, walk.oid)
            + ", then run the same command again",
        )

    def _complete(self, walk: Walk) -> Iterator[BackfillEvent]:
        """Copy what was written before the copy began and committed behind its cursor. What
        the application writes later is not meant, and would have no end."""
        yield from self._await_writers(walk)
        hits = yield from self._passes(walk)
        if hits:
            self.ranges.refill(walk, hits)
            yield from self._fill((walk,))
        self.ranges.verified(walk)
        yield self.reporter.progress(verifying=True)

    def _sweep(self, walk: Walk) -> Iterator[BackfillEvent]:
        """By pages: an update may have moved an unfilled row to a page that was passed."""
        before = 0
        for _ in range(SWEEPS):
            changed = self.ranges.changed(walk)
            if changed == before:
                return
            before = changed
            self.ranges.refill(walk, [(None, None)])
            yield from self._fill((walk,))

    def _vacuum(self, walk: Walk) -> Iterator[BackfillProgress]:
        """In a thread, because it may take long and must end where the run is stopped."""
        opened = self._opened("vacuum")
        with contextlib.closing(opened), ThreadPoolExecutor(1, "zdm-vacuum") as pool:
            self.shared.backends.add(opened.info.backend_pid)
            future = pool.submit(vacuum.vacuum, opened, walk, analyze=True)
            future.add_done_callback(lambda _: self.permit.wake())
            try:
                while not future.done():
                    self.permit.wait()
                    yield from self.reporter.where_due(verifying=True)
            finally:
                if not future.done():
                    opened.cancel_safe(timeout=5.0)
            if note := future.result():
                self.shared.notices.note(note)

    def _await_writers(self, walk: Walk) -> Iterator[BackfillProgress]:
        earlier = writers.Earlier(self.connection, walk, self.ranges.totals().since)
        while names := earlier.left():
            self.permit.check_alarm()
            yield self.reporter.progress(
                verifying=True,
                waiting=f"transactions that began before the backfill: {', '.join(names)}",
            )
            self.permit.wait(self.request.tuning.report_every)

    def _await_look(self) -> None:
        """No batch begins before every gate was looked at, and nothing ends before that."""
        while not self.permit.looked.wait(TICK.total_seconds()):
            self.permit.check_alarm()
        self.permit.check_alarm()

    def _rest(self, look: Pass, time: timedelta) -> Iterator[BackfillEvent]:
        """Rest after a read as after a batch."""
        self.shared.tally.read(time)
        pace = self.request.pace
        others = self.permit.others
        look.controller.aim(others)
        for part in batch_size.parts(batch_size.rest_after(pace, time, others.sessions)):
            self.request.clock.sleep(part)
            self.permit.check_alarm()
            yield from self.reporter.where_due(verifying=True)

    def _passes(self, walk: Walk) -> Generator[BackfillEvent, None, Hits]:
        for _ in range(PASSES):
            started = self.request.clock.monotonic()
            look = Pass(
                self.connection, self.request.step, walk, self.request.pace, self.request.clock
            )
            for chunk in look.chunks():
                self.permit.check_alarm()
                yield from self.reporter.where_due(verifying=True)
                yield from self.reporter.warnings()
                while any(h.gate in STOP_READS for h in self.permit.holds):
                    self.permit.wait()
                    self.permit.check_alarm()
                    yield from self.reporter.where_due(verifying=True)
                yield from self._rest(look, chunk.time)
            self.ranges.passed(walk, look.scanned, look.differing)
            self.reporter.verifying += self.request.clock.monotonic() - started
            if look.hits:
                return look.hits
        return []
