"""Run a statement as the author wrote it, in the phase that the author names.

`-- zdm: run in expand -- reason` (or `contract`) runs any statement that PostgreSQL runs, also
one that zdm would refuse, or plan otherwise. That the versions work with it is the author's
word; its locks, rewrites and scans are claimed where they follow from the schema, else a replay
observes them. It cannot be undone. `-- zdm: privileged -- reason` says that it needs superuser:
then no shadow runs it.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.impact import UNKNOWN, YES, Answer, Impact
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    BOTH,
    LOCK_TIMEOUT,
    NEW_ONLY,
    NO_TIMEOUT,
    STATEMENT_TIMEOUT,
    Claim,
    Cost,
    Irreversible,
    Phase,
    RunSql,
    Step,
    TableLock,
)
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, DirectiveKind, Fact, Statement
from zdm.recipes.constraint import replaced_key
from zdm.recipes.index import replaced
from zdm.schema.impact import of as impact

SLUG = "as_written"
_PHASES = {"expand": Phase.EXPAND, "contract": Phase.CONTRACT}


class AsWritten(Struct, frozen=True, kw_only=True):
    """The statement, the phase, the author's reason, and what the statement does."""

    statement: Statement
    phase: Phase
    reason: str
    impact: Impact
    privileged: bool = False

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        words = " ".join(self.statement.sql.split())
        return f"run as written: {words[:60]}{'…' if len(words) > 60 else ''}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The author asserts that it is safe; zdm neither checks nor undoes it."""
        when = "before the rollout" if self.phase is Phase.EXPAND else "in contract"
        words = (
            f"this statement runs as written {when}, because its author asserts that it is safe"
            f" ({self.reason}): zdm does not know which version works with it, and cannot undo"
            " it"
        )
        if self.privileged:
            words += "; it needs superuser, so it was not run on the shadow and is not verified"
        return (
            Hazard(
                operation=SLUG,
                message=words,
                remedy="have it reviewed by a person who knows what uses it",
                origin=context.origin,
            ),
        )

    def choice(self, context: Context) -> Choice:
        """The author's directive decides."""
        del context
        late = self.phase is not Phase.EXPAND
        return choice.by_version(
            "run it as written",
            late=late,
            early=f"its author says so: {self.reason}",
            after=f"its author says so: {self.reason}",
            may=(Trait.SCANS, Trait.BUILDS),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step with the author's text."""
        locks = tuple(_locks(self.impact, context.snapshot))
        lock_timeout, statement_timeout = self._timeouts(locks)
        scans = [touch.scans for touch in self.impact.touches]
        return (
            RunSql(
                id="as-written",
                operation=SLUG,
                phase=self.phase,
                title=self.title,
                sql=(self.statement.sql,),
                locks=locks,
                lock_timeout=lock_timeout,
                statement_timeout=statement_timeout,
                in_transaction=self.statement.transaction is not None,
                settings=self.statement.settings,
                probe="",  # only the journal shows it
                undo=Irreversible(reason="it runs as written, and zdm has no undo for it"),
                rewrites=tuple(_rewritten(self.impact, context.snapshot)),
                unknown=_unknown(self.impact),
                as_written=True,
                privileged=self.privileged,
                serves=BOTH if self.phase is Phase.EXPAND else NEW_ONLY,
                reason=f"Reason given by the author: {self.reason}",
                origin=context.origin,
                cost=Cost(scan=YES in scans),
            ),
        )

    def _timeouts(self, locks: Sequence[TableLock]) -> tuple[timedelta, timedelta]:
        """For its lock and for the statement: the author's, where the migration sets one. What
        lets reads and writes continue may run as long as it needs."""
        blocks = bool(self.impact.unknown) or any(
            lock.mode.blocks_reads or lock.mode.blocks_writes for lock in locks
        )
        if not blocks and self.statement.transaction is None:
            return NO_TIMEOUT, NO_TIMEOUT
        asked = self.statement.timeouts.statement or NO_TIMEOUT
        limit = STATEMENT_TIMEOUT if blocks else NO_TIMEOUT
        return LOCK_TIMEOUT, asked or limit


def _locks(found: Impact, snapshot: Snapshot) -> Iterator[TableLock]:
    """Locks on what is used already; one on an index counts for its table."""
    modes: dict[Name, TableLock] = {}
    for touch in found.touches:
        name = _table_of(touch.relation, snapshot)
        table = snapshot.table(name)
        if table is not None and table.created:
            continue
        there = modes.get(name)
        mode = touch.lock if there is None else there.mode.together_with(touch.lock)
        modes[name] = TableLock(table=name, mode=mode)
    yield from sorted(modes.values())


def _table_of(relation: Name, snapshot: Snapshot) -> Name:
    for table in snapshot.tables:
        if table.name.schema == relation.schema and any(
            index.name == relation.name for index in table.indexes
        ):
            return table.name
    return relation


def _rewritten(found: Impact, snapshot: Snapshot) -> Iterator[Name]:
    for touch in found.touches:
        table = snapshot.table(touch.relation)
        if touch.rewrites is YES and table is not None and not table.created:
            yield touch.relation


def _unknown(found: Impact) -> tuple[Claim, ...]:
    """The claims that cannot be made without a server."""
    if found.unknown:
        return tuple(Claim)
    claims = []
    if _only_perhaps(touch.scans for touch in found.touches):
        claims.append(Claim.SCAN)
    if any(touch.rewrites is UNKNOWN for touch in found.touches):
        claims.append(Claim.REWRITE)
    return tuple(claims)


def _only_perhaps(answers: Iterator[Answer]) -> bool:
    found = set(answers)
    return UNKNOWN in found and YES not in found


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A statement under `-- zdm: run in …` or `-- zdm: privileged`, with all its parts."""
    first = actions[0]
    directives = first.statement.vouched
    if not directives or first.index != 0 or _in_place(actions, snapshot):
        return None
    consumed = tuple(
        position
        for position, action in enumerate(actions)
        if action.statement is first.statement
    )
    run_in = next((d for d in directives if d.kind is DirectiveKind.RUN_IN), None)
    operation = AsWritten(
        statement=first.statement,
        phase=Phase.EXPAND if run_in is None else _PHASES[run_in.argument],
        reason="; ".join(dict.fromkeys(directive.reason for directive in directives)),
        impact=impact.statement([actions[position] for position in consumed], snapshot),
        privileged=first.statement.privileged,
    )
    return Match(operation=operation, consumed=consumed, directives=directives)


def _in_place(actions: Sequence[Action], snapshot: Snapshot) -> bool:
    """Whether the author speaks of an index or key in whose place the train puts another: that
    is planned as one change."""
    fact = actions[0].fact
    table = snapshot.table(fact.table) if isinstance(fact, Fact) and fact.table else None
    return bool(replaced.word(actions) or replaced_key.word(actions, table))
