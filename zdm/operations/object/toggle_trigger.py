"""ALTER TABLE … ENABLE or DISABLE TRIGGER on a table in use.

It takes SHARE ROW EXCLUSIVE for milliseconds (manual, ALTER TABLE). The old version may rely on
a trigger, so one is disabled when that is gone; one that is enabled is like a new one: before
the rollout, unless it may refuse writes of the old version.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Irreversible, Phase, Step, TableLock
from zdm.model.schema import Name, Snapshot, Table, Trigger
from zdm.model.statement import Action, ActionKind
from zdm.recipes import run_sql
from zdm.recipes.object import triggers
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes

SLUG = "toggle_trigger"
_WORDS = {
    "O": "enable trigger",
    "D": "disable trigger",
    "R": "enable replica trigger",
    "A": "enable always trigger",
}
_ON = frozenset({"O", "A"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ToggleTrigger:
    """Enable or disable a trigger. `late`: when the old version is gone."""

    table: Name
    trigger: Trigger
    enabled: str  # as in tgenabled
    locks: tuple[TableLock, ...]
    late: bool

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"{_WORDS[self.enabled]} {self.trigger.name} of {self.table}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Which version meets what."""
        if self.trigger.enabled == self.enabled:
            return ()
        message, remedy = self._late() if self.late else self._early()
        return (Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin),)

    def _early(self) -> tuple[str, str]:
        return (
            f"from before the rollout on {self.trigger.name} fires for the old version's writes"
            f" to {self.table}, too; zdm does not know what {self.trigger.function} does",
            "make sure that the old version works with it; else put `-- zdm: run in contract --"
            " reason` above it",
        )

    def _late(self) -> tuple[str, str]:
        return (
            f"until the contract {self.trigger.name} stays as it is, for the new version's"
            " writes, too",
            "let the new version work with it and without it until then",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step; none where it is so already."""
        name, before = self.trigger.name, self.trigger.enabled
        if before == self.enabled:
            return ()
        lost = Irreversible(
            reason="what the old version would write without the trigger could not be found"
        )
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{self.table}-{name}-{'disable' if self.enabled == 'D' else 'enable'}",
                phase=Phase.CONTRACT if self.late else Phase.SWITCH,
                title=self.title,
                sql=(triggers.state(self.table, name, self.enabled),),
                locks=self.locks,
                probe=probes.probe(probes.trigger_state(self.table, name, self.enabled)),
                undo=lost if before in _ON else (triggers.state(self.table, name, before),),
                serves=NEW_ONLY if self.late else BOTH,
                reason="The old version, which may rely on it or be refused by it, is gone."
                if self.late
                else "The new version may rely on it, and the rows of all fills are done.",
            ),
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ENABLE or DISABLE of one trigger, the only sub-command of its statement or not."""
    action, said = actions[0], actions[0].said
    fact = statements.fact(action, ActionKind.ALTER_TABLE_OTHER)
    if fact is None or not isinstance(said, AlterTable) or said.change is not Change.TRIGGER:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None or table.opaque:
        return None
    found = triggers.named(table, said.name)
    problem = _problem(said, table, found)
    if problem is not None:
        return refuse.refuse(action, "trigger_cannot_be_toggled", *problem)
    if found is None:
        return None
    refuses = triggers.may_refuse(found.definition, found.function, snapshot)
    operation = ToggleTrigger(
        table=table.name,
        trigger=found,
        enabled=said.fires,
        locks=statements.of_author(snapshot, action),
        late=said.fires not in _ON or refuses,
    )
    return Match(operation=operation, consumed=(0,), directives=action.statement.vouched)


def _problem(said: AlterTable, table: Table, found: Trigger | None) -> tuple[str, str] | None:
    if not said.name:
        return (
            f"this statement is about all triggers of {table.name}, among them those that its"
            " foreign keys need or that zdm makes",
            "name each trigger in a statement of its own",
        )
    if found is None:
        return (
            f"{table.name} has no trigger {said.name}, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    if table.kind == "partitioned table" or found.inherited:
        return (
            f"{table.name} is partitioned, and which of its partitions this changes differs"
            " between versions of PostgreSQL",
            "put `-- zdm: run in contract -- reason` above it (`run in expand` if the old"
            " version works with it, too)",
        )
    return None
