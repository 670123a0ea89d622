"""Writes of both versions, tried after each step that says that the version works.

One that fails is a claim of the plan that does not hold, unless a step that runs as written
has broken it, or makes it work later on: that is its author's affair, and it is reported with
that step.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.findings import Finding
from zdm.model.plan import Phase, RunSql, Side, Step
from zdm.postgres.replay import kept_rows, sample_rows
from zdm.postgres.replay.sample_rows import Write
from zdm.postgres.replay.step import Shadow, finding

_RANGE = "22003"  # out of range


class _Failure(Struct, frozen=True, kw_only=True):
    """A write that failed first after a step."""

    step: Step
    words: str
    beyond: bool  # the range of a number


@dataclass(slots=True, kw_only=True)
class Writes:
    """What is tried, and what has failed so far."""

    here: Shadow
    writes: Mapping[Side, Sequence[Write]]
    promised: frozenset[str] = frozenset()  # see kept_rows
    failing: dict[tuple[Side, Write], _Failure] = field(default_factory=dict)

    def after(self, step: Step) -> Iterator[Finding]:
        """Findings of the writes after a step."""
        deployed = step.phase.position >= Phase.ROLLOUT.position
        for side in sorted(step.serves - {Side.OLD} if deployed else step.serves):
            writes = self.writes[side]
            known = [write for write in writes if (side, write) not in self.failing]
            works = frozenset(known) if sample_rows.work(self.here.conn, known) else frozenset()
            for write in writes:
                yield from self._try(step, side, write, works=write in works)

    def left(self) -> Iterator[Finding]:
        """Findings of writes of the new version that never worked again."""
        for (side, write), first in self.failing.items():
            if side is Side.NEW:
                yield from self._blamed(first.step, side, write, first)

    def _try(self, step: Step, side: Side, write: Write, *, works: bool) -> Iterator[Finding]:
        if works:
            return
        first = self.failing.get((side, write))
        if first is not None and side is Side.OLD:
            return
        error = sample_rows.tried(self.here.conn, write.sql, keep=False)
        if error is not None:
            words = f"write to {write.table} fails: {sample_rows.said(error)}"
            failed = self.failing.setdefault(
                (side, write), _Failure(step=step, words=words, beyond=error.sqlstate == _RANGE)
            )
            if side is Side.OLD:
                yield from self._blamed(step, side, write, failed)
        elif first is not None:
            del self.failing[side, write]
            if self._explained(step, first):
                return
            helped = isinstance(step, RunSql) and step.as_written
            yield from self._blamed(step if helped else first.step, side, write, first)

    def _explained(self, step: Step, first: _Failure) -> bool:
        """Whether the step is what such a write had to wait for."""
        if kept_rows.deletes(step) or step.id in self.promised:
            return True  # of the row that had its key until then
        if kept_rows.changes_objects(step) or kept_rows.frees(step):
            return True  # of the trigger, function or bounds that refuse it until then
        return first.beyond and kept_rows.widens(step)  # of a trigger's narrow column

    def _blamed(
        self, step: Step, side: Side, write: Write, failed: _Failure
    ) -> Iterator[Finding]:
        seen = self.here.seen.get(step.id)
        if seen is None:
            yield finding(
                "write_fails",
                f"after the step {failed.step.id}, which says that the {side} version works,"
                f" its {failed.words}",
                statement=write.sql,
            )
            return
        when = "after" if step is failed.step else "until"
        words = f"{when} this step the {side} version's {failed.words}"
        breaks = tuple(dict.fromkeys((*seen.breaks, words)))
        self.here.seen[step.id] = replace(seen, breaks=breaks)
