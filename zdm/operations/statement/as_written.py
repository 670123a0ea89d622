"""Run a statement as the author wrote it, in the phase that the author names.

`-- zdm: run in expand -- reason` (or `contract`) lets a statement through that zdm would
refuse. Nothing is known about it: not its locks, not what it leaves, not which version works
with it. The author asserts that it is safe, and it cannot be undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    BOTH,
    LOCK_TIMEOUT,
    NEW_ONLY,
    NO_TIMEOUT,
    STATEMENT_TIMEOUT,
    Irreversible,
    Phase,
    RunSql,
    Step,
    TableLock,
)
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, Directive, DirectiveKind, Fact, Statement

SLUG = "as_written"
_PHASES = {"expand": Phase.EXPAND, "contract": Phase.CONTRACT}


@dataclass(frozen=True, slots=True, kw_only=True)
class AsWritten:
    """The statement, the phase, and the author's reason."""

    statement: Statement
    phase: Phase
    reason: str
    table: Name | None

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
        """The author asserts that it is safe; zdm knows nothing about it."""
        return (
            Hazard(
                operation=SLUG,
                message=f"this statement runs unchecked in {self.phase.value}, because its"
                f" author asserts that it is safe ({self.reason}): zdm knows neither its locks"
                " nor which version works with it",
                remedy="have it reviewed by a person who knows the table",
                origin=context.origin,
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step with the author's text."""
        before = self.phase is Phase.EXPAND
        together = self.statement.transaction is not None
        return (
            RunSql(
                id="as-written",
                operation=SLUG,
                phase=self.phase,
                title=self.title,
                sql=(self.statement.sql,),
                locks=self._locks(context.snapshot),
                lock_timeout=LOCK_TIMEOUT if together else NO_TIMEOUT,
                statement_timeout=STATEMENT_TIMEOUT if together else NO_TIMEOUT,
                in_transaction=together,
                settings=self.statement.settings,
                probe="",  # only the journal shows it
                undo=Irreversible(reason="zdm does not know what the statement does"),
                serves=BOTH if before else NEW_ONLY,
                reason=f"Reason given by the author: {self.reason}",
                origin=context.origin,
            ),
        )

    def _locks(self, snapshot: Snapshot) -> tuple[TableLock, ...]:
        table = snapshot.table(self.table) if self.table is not None else None
        if table is None or table.created:
            return ()
        return (TableLock(table=table.name, mode=LockMode.ACCESS_EXCLUSIVE),)


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A statement under `-- zdm: run in …`, with all its sub-commands."""
    del snapshot
    first = actions[0]
    directive = _directive(first.statement)
    if directive is None or first.index != 0:
        return None
    consumed = tuple(
        position
        for position, action in enumerate(actions)
        if action.statement is first.statement
    )
    operation = AsWritten(
        statement=first.statement,
        phase=_PHASES[directive.argument],
        reason=directive.reason,
        table=first.fact.table if isinstance(first.fact, Fact) else None,
    )
    return Match(operation=operation, consumed=consumed, directives=(directive,))


def _directive(statement: Statement) -> Directive | None:
    for directive in statement.directives:
        if directive.kind is DirectiveKind.RUN_IN and directive.argument in _PHASES:
            return directive
    return None
