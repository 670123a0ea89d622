"""The facts that a contract relies on, moved by each step of the plan and by nothing else.

A step with a transaction reads them before and after its work, under its own locks. One
without leaves in the journal what was there when it began, so that a kill in between loses
nothing.
"""

from msgspec import Struct

from zdm.execute import evidence
from zdm.execute.evidence import Facts, Scope
from zdm.execute.ports import LockBusyError
from zdm.model.plan import RunSql
from zdm.parse import emit
from zdm.parse.emit import Qualified
from zdm.postgres.catalog import evidence as catalog
from zdm.postgres.journal import looks
from zdm.postgres.journal.runs import Fence
from zdm.postgres.session.connection import Connection

# what no statement without a transaction changes: a change of it is another's
_NEVER_OWN = frozenset({"trigger", "function"})


class Evidence(Struct, frozen=True, kw_only=True):
    """The connection, the run, and what of its plan there is to look at."""

    own: Connection
    fence: Fence
    scope: Scope

    def before(self, step: RunSql) -> Facts:
        """The facts before a step, in its transaction. After the rollout they must be those
        that are kept: LockBusyError where they are not, since the next try looks again."""
        is_late = step.id in self.scope.late
        if is_late:
            self._lock(step)
        now = catalog.read(self.own, self.scope)
        kept = self._kept(now)
        found = evidence.changes(kept, now) if is_late else ()
        if found:
            raise LockBusyError(
                f"the schema changed after the last look: {evidence.said(found)}"
            )
        return now

    def after(self, before: Facts) -> None:
        """Move what is kept by what the step did."""
        if self.scope.tables:
            now = catalog.read(self.own, self.scope)
            looks.keep(self.own, self.fence, evidence.moved(self._kept(before), before, now))

    def begin(self, step: RunSql) -> None:
        """Before a step without a transaction; not again where an attempt was made before."""
        if not self.scope.tables:
            return
        now = catalog.read(self.own, self.scope)
        self._kept(now)
        kept = looks.kept(self.own, self.fence.run)
        if kept is None or kept.step != step.id:
            looks.begin(self.own, self.fence, step.id, now)

    def end(self) -> None:
        """After it."""
        kept = looks.kept(self.own, self.fence.run) if self.scope.tables else None
        if kept is None or kept.before is None:
            return
        now = {
            key: fact
            for key, fact in catalog.read(self.own, self.scope).items()
            if key[0] not in _NEVER_OWN
        }
        before = {key: fact for key, fact in kept.before.items() if key[0] not in _NEVER_OWN}
        looks.keep(self.own, self.fence, evidence.moved(kept.facts, before, now))

    def _kept(self, now: Facts) -> Facts:
        """What is kept; before the run's first step, what is there now."""
        if not self.scope.tables:
            return now
        kept = looks.kept(self.own, self.fence.run)
        if kept is None:
            looks.keep(self.own, self.fence, now)
            return now
        return kept.facts

    def _lock(self, step: RunSql) -> None:
        """Nothing is written, and no trigger changed, between the look and the step's work."""
        watched = {one.table for one in self.scope.watched}
        for lock in step.locks:
            if lock.table in watched and lock.mode.blocks_writes:
                text = f"LOCK TABLE {{t}} IN {lock.mode} MODE"
                self.own.execute(emit.sql(text, t=Qualified(lock.table)).encode())
