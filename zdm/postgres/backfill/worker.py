"""A worker: claims ranges and fills them batch after batch, in a thread of its own.

It asks the shared permit before each batch, learns its size from what batches cost, and
answers an error by its class. A row that cannot be written is found by halving the batch.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg import errors

from zdm.backfill import batch_size, retry
from zdm.backfill.batch_size import Controller, Pace
from zdm.backfill.notices import FailingRow
from zdm.backfill.permit import Permit
from zdm.backfill.retry import Reaction
from zdm.backfill.round_trip import RoundTrip
from zdm.backfill.shared import Shared
from zdm.backfill.trouble import LOOKED_AT, Hunt, Trouble
from zdm.errors import StoppedError
from zdm.execute.ports import Clock, ConnectionLostError, LockBusyError
from zdm.model import duration
from zdm.model.plan import Backfill
from zdm.postgres.backfill import batch, vacuum, writers
from zdm.postgres.backfill import failing_rows as backfill_failing
from zdm.postgres.backfill.alone import Alone
from zdm.postgres.backfill.batch import Outcome, Work
from zdm.postgres.backfill.hot_prefill import ROOM_ROWS, Ahead, lead
from zdm.postgres.backfill.key_ranges import Range, Ranges
from zdm.postgres.backfill.key_walk import Walk
from zdm.postgres.backfill.lookahead import Scout
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session.connection import Connection, first_line

FLOOR_REST = timedelta(seconds=30)  # where the smallest batches are too long
_MANY_LOCKS = (
    "end the sessions that have most rows in pg_locks, or raise max_locks_per_transaction,"
    " which needs a restart; then run the same command again"
)
_NO_ROOM = (
    "end sessions, or give the server more memory or connections; then run the same command"
    " again"
)
LOOKED_UP = 8  # small batches that are found by one look


class Task(Struct, frozen=True, kw_only=True):
    """What all workers of a backfill are given."""

    step: Backfill
    fence: Fence
    clock: Clock
    pace: Pace
    wal_budget: float  # bytes per second, of all workers
    walks: Mapping[str, Walk]  # by relation
    failing_rows: int = 1  # so many rows that cannot be filled end it

    @property
    def sparse(self) -> bool:
        """Whether few rows differ, as far as the plan knows."""
        planned, there = self.step.cost.rows, sum(w.estimate or 0 for w in self.walks.values())
        return planned is not None and planned < there / 2


@dataclass(slots=True)
class Worker:
    """Fills ranges until none is left, or the permit says stop."""

    number: int
    task: Task
    shared: Shared
    connection: Connection
    scout: Scout | None = None
    controller: Controller = field(init=False)
    trouble: Trouble = field(default_factory=Trouble)
    hunt: Hunt = field(default_factory=Hunt)
    at_end: bool = False  # of the range: its last row was set aside
    split_off: int = 0  # the range that was split last
    dense: bool = False  # the keys of the last batch had no gap
    sparse: bool = field(init=False)  # few rows of it differed
    swept: bool = False  # rows that others held were filled one by one just now
    ahead: tuple[Ahead, ...] = ()  # what is known of the next batches
    way: RoundTrip = field(default_factory=RoundTrip)
    alone: Alone = field(init=False)

    def __post_init__(self) -> None:
        """Begin with the pace's first size, and what the plan knows."""
        self.controller, self.sparse = Controller(self.task.pace), self.task.sparse
        self.alone = Alone(self.task.clock, wanted=self.task.pace.takes_table)

    @property
    def permit(self) -> Permit:
        """Whether it may continue."""
        return self.shared.permit

    @property
    def name(self) -> str:
        """What it is called in the journal."""
        return f"worker-{self.number}"

    def run(self) -> None:
        """Work until there is nothing more to do; what it raises must stop the others."""
        self.shared.backends.add(self._pid)
        ranges = Ranges(self.connection, self.task.fence, self.task.step.id)
        while not self.permit.stopping:
            taken = ranges.claim(self.name)
            if taken is None:
                return
            self._range(ranges, taken)

    def _range(self, ranges: Ranges, taken: Range) -> None:
        self.ahead = ()
        while True:
            if self.permit.take_vacuum():
                self._vacuum(taken)
            try:
                outcome = self._after_gates(taken)
                if outcome is None:
                    return
            except psycopg.Error as error:
                self._failed(ranges, taken, error)
                if self.at_end:
                    self.at_end = False
                    return
                taken = self._split(ranges, taken)
                continue
            self._filled(taken, outcome)
            if outcome.bounds.last:
                return
            self._rest(outcome)

    def _after_gates(self, taken: Range) -> Outcome | None:
        """A batch as soon as the gates let it; None where the backfill stops."""
        try:
            self.controller.after_hold(self.permit.pass_gates())
            return None if self.permit.stopping else self._batch(taken)
        finally:
            self.permit.leave()

    def _batch(self, taken: Range) -> Outcome:
        size = self.hunt.size or self.controller.size
        troubled = self.hunt.size or self.trouble.is_there
        calm = not troubled and size >= self.task.pace.smallest  # else its size is exact
        task = self.task
        work = Work(
            walk=self.task.walks[taken.relation],
            size=size,
            wal=self.shared.tally.wal_meter,
            clock=self.task.clock,
            dense=self.dense and calm,
            scout=self.scout if calm else None,
            ahead=self.ahead if calm else (),
            lead=lead(self.permit.workers) if calm and size >= ROOM_ROWS else 0,
            halves=bool(task.step.assignments) and not (self.sparse or taken.sweep),
            at_once=LOOKED_UP if calm and size < ROOM_ROWS else 1,
            swept=self.swept,
            asks=calm and self._may_ask(),
        )
        done = batch.fill(self.connection, task.step, task.fence, taken, work)
        for key in done.left:
            row = (work.walk, key)
            changed = batch.fill_one(self.connection, task.step, task.fence, taken, row)
            done = replace(done, changed=done.changed + changed)
        if done.refused:
            self.alone.refused()
        self.swept = bool(done.left)
        self.way.add(done.way)
        return replace(done, time=self.way.without(done.time, done.statements))

    def _may_ask(self) -> bool:
        """Whether the batch may ask for its table: it is known how long it will last."""
        permit = self.permit
        return bool(self.controller.costs) and self.alone.may_ask(permit.workers, permit.others)

    def _filled(self, taken: Range, outcome: Outcome) -> None:
        self.trouble.over()
        self.shared.notices.continues(self.name)
        self.ahead = outcome.ahead
        keys = outcome.bounds.keys
        if not outcome.only_prepared:
            self.dense, self.sparse = outcome.dense, outcome.sparse
        self.hunt.cleared(keys)
        self.shared.tally.batch(
            0 if taken.sweep else keys,
            outcome.changed,
            outcome.wal,
            size=self.controller.size,
            time=outcome.time,
        )
        if not outcome.bounds.last:
            grow = not self.permit.frozen
            self.controller.aim(self.permit.others)
            self.controller.learn(outcome.time, outcome.rows, outcome.wal, grow=grow)

    def _vacuum(self, taken: Range) -> None:
        try:
            note = vacuum.vacuum(self.connection, self.task.walks[taken.relation])
        finally:
            self.permit.vacuumed()
        if note:
            self.shared.notices.note(note)

    def _rest(self, outcome: Outcome) -> None:
        if self.controller.overloaded:
            self.shared.notices.waits(
                self.name,
                f"batches of {self.controller.size} rows take {duration.text(outcome.time)}:"
                " the server is overloaded",
            )
            self.permit.sleep(FLOOR_REST)
            self.controller.slow = 0
        pace, budget = self.task.pace, self.task.wal_budget / max(1, self.permit.running)
        rest = batch_size.rest(pace, (outcome.time, outcome.wal), self.permit.others, budget)
        self.shared.tally.rests(rest)
        self.permit.sleep(rest.length)

    def _failed(self, ranges: Ranges, taken: Range, error: psycopg.Error) -> None:
        self.ahead = ()
        self.shared.tally.failed(error.sqlstate)
        action = retry.classify(error.sqlstate)
        if action is Reaction.RECONNECT or self.connection.closed:
            raise ConnectionLostError(
                f"the database was lost while filling {self.task.step.table}:"
                f" {first_line(error)}",
                hint="run the same command again; it resumes where it stopped",
            ) from error
        with contextlib.suppress(psycopg.Error):  # a full server refuses this, too
            ranges.failed(taken, first_line(error))
        self.trouble.failed()
        if action is Reaction.SMALLER and self.shared.backends.was_cancelled(self._pid):
            self.controller.panic()  # a gate's doing; the next look at the gates waits
            return
        self._bounded(taken, action, error)
        match action:
            case Reaction.AGAIN | Reaction.SMALLER:
                self._again(taken, action, error)
            case Reaction.EXHAUSTED:
                self._report_wait(taken, error)
                self.permit.sleep(retry.EXHAUSTED)
            case Reaction.ROW:
                self._hunt(taken, error)
            case _:
                raise error

    @property
    def _pid(self) -> int:
        return self.connection.info.backend_pid

    def _report_wait(self, taken: Range, error: psycopg.Error) -> None:
        """Report why it waits, and for whom."""
        names = self._holders(taken) if error.sqlstate == "55P03" else ()
        who = f", held by {', '.join(names)}" if names else ""
        self.shared.notices.waits(self.name, f"{first_line(error)}{who}")

    def _holders(self, taken: Range) -> tuple[str, ...]:
        walk = self.task.walks[taken.relation]
        try:
            return writers.of(self.connection, walk)
        except psycopg.Error:  # what fails the batches may fail this, too
            return ()

    def _bounded(self, taken: Range, action: Reaction, error: psycopg.Error) -> None:
        if action in (Reaction.ROW, Reaction.SMALLER):  # end by themselves: at a single row
            return
        self.trouble.failures += 1
        if self.trouble.failures > retry.RETRIES:
            is_full = action is Reaction.EXHAUSTED
            raise LockBusyError(
                f"a batch of {self.task.step.id} failed {retry.RETRIES} times in a"
                f" row: {first_line(error)}",
                names=() if is_full else self._holders(taken),
                hint=_room(error) if is_full else "see who holds rows of the table",
            ) from error
        if self.trouble.is_constant:
            raise StoppedError(
                f"more than half of the last {LOOKED_AT} batches of {self.task.step.id}"
                f" failed; the last error: {first_line(error)}",
                hint="find the cause, then run the same command again",
            ) from error

    def _again(self, taken: Range, action: Reaction, error: psycopg.Error) -> None:
        self.trouble.timed_out(again=action is Reaction.SMALLER)
        if action is Reaction.SMALLER and self.controller.size == 1:
            self._row_fails(taken, error)
            return
        if self.trouble.timeouts > retry.SLOW_RETRIES:
            self.controller.below_the_floor()
        else:
            self.controller.panic()
        self._report_wait(taken, error)
        self.permit.sleep(retry.backoff(self.trouble.failures))

    def _hunt(self, taken: Range, error: psycopg.Error) -> None:
        if not self.hunt.narrow(self.controller.size):
            self._row_fails(taken, error)

    def _row_fails(self, taken: Range, error: psycopg.Error) -> None:
        """Set the row aside, or raise StoppedError at the limit of failing rows."""
        walk, step, fence = self.task.walks[taken.relation], self.task.step, self.task.fence
        key = batch.name_row(self.connection, step, taken, walk)
        row = FailingRow(
            step=step.id,
            relation=walk.relation,
            key=f"{walk.key_words} = {key}",
            reason=first_line(error),
        )
        if len(self.shared.notices.fails(row)) < self.task.failing_rows:
            self.hunt = Hunt()
            self.at_end = not backfill_failing.set_aside(
                self.connection, fence, taken, walk, row
            )
            return
        backfill_failing.note(self.connection, fence, taken, row)
        if len(self.shared.notices.failing) > 1:
            raise backfill_failing.stopped(step, self.shared.notices.failing) from error
        raise StoppedError(
            batch.failing_row(step, walk, key, error),
            hint=f"{backfill_failing.way_out(step, error)}; nothing is lost, and the same"
            " command resumes from there",
        ) from error

    def _split(self, ranges: Ranges, taken: Range) -> Range:
        """A range that timed out three times is split where the slow batch ends: others may
        take what lies behind, while this worker looks for the slow row."""
        if self.trouble.timeouts < retry.SLOW_RETRIES or self.split_off == taken.id:
            return taken
        self.split_off = taken.id
        try:
            return ranges.split(taken, self.task.walks[taken.relation], self.controller.size)
        except errors.QueryCanceled:  # slow, too: then it stays whole
            return taken


def _room(error: psycopg.Error) -> str:
    """What to do where the server has no room for a batch."""
    return _MANY_LOCKS if "shared memory" in first_line(error) else _NO_ROOM
