"""The last look before the contract: is everything as the plan's steps left it, in every row?

Facts that others changed stop the run, where the contract would fail by them or rows may have
been written past the dual write. Tables whose columns are kept in sync are compared whole, by
ranges of keys, under no lock but that of a SELECT.
"""

import contextlib
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from zdm.backfill import batch_size
from zdm.errors import StoppedError
from zdm.execute import evidence
from zdm.execute.events import Compared, Waiting
from zdm.execute.evidence import Change, Facts, How, Scope
from zdm.execute.ports import Clock
from zdm.execute.remedies import Undoing
from zdm.model.plan import Backfill, Phase, Plan
from zdm.postgres.backfill import key_walk, verify
from zdm.postgres.backfill.engine import FillRequest
from zdm.postgres.backfill.key_walk import Walk
from zdm.postgres.backfill.verify import Pass
from zdm.postgres.catalog import evidence as catalog
from zdm.postgres.journal import looks, runs
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session import unseen_rows
from zdm.postgres.session.connection import Connection

GATE = "last look"
LOCK_WAIT = "2s"  # of a SELECT behind another's ALTER TABLE
SHOWN = 5  # keys in a message
_RUN_AGAIN = "then run the same command again"
_OR_BACK = "or `zdm rollback`, and plan again from the schema with the change"
_AGAIN = "if these rows are right, run the same command again: it compares every row once more"
_CORRECT = (
    "find out which of the two values is right and write it; then run the same command again,"
    " which compares every row"
)
_NAME = (
    "SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname) FROM pg_catalog.pg_class AS c"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = %s::bigint::oid"
)
_HIDES = (Phase.DROP, "change_policy")  # FORCE ROW LEVEL SECURITY
LookEvent = Waiting | Compared


class LastLook(Struct, frozen=True, kw_only=True):
    """One look: the connection, the run, and what of its plan there is to look at."""

    own: Connection
    fence: Fence
    clock: Clock
    plan: Plan
    scope: Scope
    request: Callable[[Backfill], FillRequest]

    def run(self) -> Generator[LookEvent, None, None]:
        """Compare what was not compared yet; raises StoppedError for what was changed."""
        if self.scope.tables:
            with self._short_waits():  # even definitions are read under the lock of a SELECT
                yield from self._look()

    def _left(self) -> Plan:
        """The plan, or what is left of it once its last steps begin to hide rows."""
        last = {s.id for s in self.plan.steps if (s.phase, s.operation) == _HIDES}
        done = runs.every_done(self.own, self.fence)
        if not last & done:
            return self.plan
        return replace(self.plan, steps=tuple(s for s in self.plan.steps if s.id not in done))

    def _look(self) -> Generator[LookEvent, None, None]:
        if refused := unseen_rows.refusal(self.own, self._left()):
            raise StoppedError(refused.message, hint=f"{refused.hint}; {_RUN_AGAIN}")
        now = catalog.read(self.own, self.scope)
        kept = looks.kept(self.own, self.fence.run)
        found = () if kept is None else evidence.changes(kept.facts, now)
        self._stop_where_blocked(found, {} if kept is None else kept.facts, now)
        doubtful = tuple(c for c in found if c.is_doubtful and self.scope.watched)
        was_shown = kept is not None and kept.seen is not None
        if kept is not None and doubtful and not (was_shown and not _news(kept.seen, now)):
            yield from self._doubt(doubtful, now)
        if kept is None or found:
            with self._fenced():
                looks.keep(self.own, self.fence, now)
                looks.forget_comparisons(self.own, self.fence)
        done = {one.step for one in looks.comparisons(self.own, self.fence.run)}
        for step in self.scope.watched:
            if step.id not in done and self._is_synced(step):
                rows, keys = yield from self._compared(step)
                if keys:
                    raise StoppedError(_differing(step, keys), hint=_CORRECT)
                with self._fenced():
                    looks.compared(self.own, self.fence, step.id, rows)

    def _stop_where_blocked(self, found: tuple[Change, ...], before: Facts, now: Facts) -> None:
        blocking = tuple(change for change in found if change.blocks)
        if not blocking:
            return
        names = {oid: name for oid, name in self._names(blocking, before)}
        undoing = Undoing(found=blocking, before=before, after=now, renamed=names)
        statements, left = undoing.statements()
        ways = ["; ".join(statements)] if statements else []
        ways += [f"undo: {evidence.said(left)}"] if left else []
        raise StoppedError(
            f"what the contract relies on was changed during the run:"
            f" {evidence.said(blocking)}",
            hint="; ".join([*ways, _RUN_AGAIN, _OR_BACK]),
        )

    def _names(self, blocking: tuple[Change, ...], before: Facts) -> Iterator[tuple[str, str]]:
        """The present names of tables that are gone under the old one."""
        for change in blocking:
            if change.kind == "table" and change.how is How.GONE:
                oid = before[(change.kind, change.name)].identity.split(" ")[0]
                row = self.own.execute(_NAME, (oid,)).fetchone()
                if row is not None:
                    yield oid, row[0]

    def _doubt(self, doubtful: tuple[Change, ...], now: Facts) -> Iterator[LookEvent]:
        """Stop, and say whether rows differ; the next attempt compares again and continues."""
        wrong = []
        for step in self.scope.watched:
            if self._is_synced(step):
                _, keys = yield from self._compared(step)
                wrong += [_differing(step, keys)] if keys else []
        with self._fenced():
            looks.see(self.own, self.fence, now)
        rows = "; ".join(wrong) or "no row differs now"
        raise StoppedError(
            f"{evidence.said(doubtful)}, so rows may have been written in one shape only:"
            f" {rows}",
            hint=_CORRECT if wrong else _AGAIN,
        )

    @contextlib.contextmanager
    def _fenced(self) -> Iterator[None]:
        with self.own.transaction():
            runs.check(self.own, self.fence)
            yield

    def _is_synced(self, step: Backfill) -> bool:
        """Whether its dual write is still there: the contract may have ended it."""
        return all(verify.holds(self.own, check.sql) for check in step.preconditions)

    def _compared(self, step: Backfill) -> Generator[LookEvent, None, tuple[int, list[str]]]:
        """How many rows were read, and the keys of some in which neither column follows from
        the other."""
        request = self.request(replace(step, differs=step.mismatch or step.differs))
        began, since = self.clock.monotonic(), self.clock.now()
        rows, keys = 0, list[str]()
        said = began
        for walk in key_walk.walks(self.own, step):
            for read, found in self._chunks(request, walk):
                rows += read
                keys += found
                if self.clock.monotonic() - said > 1:
                    said = self.clock.monotonic()
                    reason = f"{rows:,} rows of {step.table} compared"
                    yield Waiting(gate=GATE, reason=reason, since=since)
        time = timedelta(seconds=self.clock.monotonic() - began)
        yield Compared(
            id=step.id, table=str(step.table), rows=rows, differing=bool(keys), duration=time
        )
        return rows, keys

    def _chunks(self, request: FillRequest, walk: Walk) -> Iterator[tuple[int, list[str]]]:
        look = Pass(self.own, request.step, walk, request.pace, self.clock)
        named = 0
        for chunk in look.chunks():
            keys = []
            if chunk.differing and named < SHOWN:
                keys = verify.keys_between(self.own, request.step, walk, chunk)[: SHOWN - named]
                named += len(keys)
            yield chunk.keys, keys
            for part in batch_size.parts(batch_size.rest_after(request.pace, chunk.time, 0)):
                self.clock.sleep(part)

    @contextlib.contextmanager
    def _short_waits(self) -> Iterator[None]:
        set_to = "SELECT pg_catalog.set_config('lock_timeout', %s, false)"
        self.own.execute(set_to, (LOCK_WAIT,))
        try:
            yield
        finally:
            with contextlib.suppress(psycopg.Error):
                self.own.execute(set_to, ("0",))


def _news(seen: Facts | None, now: Facts) -> bool:
    return seen is None or bool(evidence.changes(seen, now))


def _differing(step: Backfill, keys: list[str]) -> str:
    written = () if step.copy is None else step.copy.columns
    columns = ", ".join([*(one.column for one in step.assignments), *written])
    return (
        f"rows of {step.table} differ between the old and the new shape ({columns}):"
        f" {'; '.join(keys)}"
    )
