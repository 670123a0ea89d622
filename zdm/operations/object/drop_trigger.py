"""DROP TRIGGER on a table in use, when the old version is gone.

It takes ACCESS EXCLUSIVE for milliseconds (manual, DROP TRIGGER). The old version may rely on
what the trigger does, and what it writes without it cannot be found later; the old version is
started before a rollback undoes anything, so there is no way back, unless the trigger was
disabled.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import NEW_ONLY, Irreversible, Phase, Step, TableLock
from zdm.model.schema import Name, Snapshot, Trigger
from zdm.model.statement import Action, ActionKind, Fact
from zdm.recipes import run_sql
from zdm.recipes.object import triggers
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes

SLUG = "drop_trigger"


class DropTrigger(Struct, frozen=True, kw_only=True):
    """Drop a trigger; None: it does not exist, and the statement has IF EXISTS."""

    table: Name
    name: str
    trigger: Trigger | None
    locks: tuple[TableLock, ...] = ()
    refuses: bool = False

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        tail = " (does not exist)" if self.trigger is None else ""
        return f"drop trigger {self.name} of {self.table}{tail}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What it does until then."""
        if self.trigger is None or self.trigger.enabled == "D":
            return ()
        message, remedy = self._refusing() if self.refuses else self._working()
        return (Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin),)

    def _working(self) -> tuple[str, str]:
        return (
            f"until the contract {self.name} fires for the new version's writes to"
            f" {self.table}, too",
            "let the new version work with it and without it until then",
        )

    def _refusing(self) -> tuple[str, str]:
        return (
            f"until the contract {self.name} fires for the new version's writes to"
            f" {self.table}, too, and may refuse them",
            "let the new version write nothing that it refuses; or put `-- zdm: run in expand"
            " -- reason` above it if the old version does not need it",
        )

    def choice(self, context: Context) -> Choice:
        """The old version may rely on it."""
        del context
        if self.trigger is None:
            return choice.nothing("there is no such trigger, and it says IF EXISTS")
        return choice.single(
            "drop it when the old version is gone",
            Trait.WAITS,
            because="the old version may rely on what it does",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step, or none."""
        if self.trigger is None:
            return ()
        there = probes.trigger_exists(self.table, self.name)
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{self.table}-{self.name}-drop",
                phase=Phase.CONTRACT,
                title=self.title,
                sql=(triggers.drop(self.table, self.name, if_exists=False),),
                locks=self.locks,
                probe=probes.probe(probes.absent(there)),
                undo=self._undo(self.trigger),
                serves=NEW_ONLY,
                reason="The old version, which may rely on what it does, is gone.",
            ),
        )

    def _undo(self, trigger: Trigger) -> tuple[str, ...] | Irreversible:
        if trigger.enabled == "D":
            return tuple(triggers.again(self.table, trigger))
        return Irreversible(
            reason="what the old version would write without the trigger could not be found"
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A DROP TRIGGER on a table of the Snapshot."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.DROP_TRIGGER)
    if fact is None or fact.table is None:
        return None
    table = snapshot.table(fact.table)
    found = triggers.named(table, fact.name) if table is not None else None
    if found is None:
        return _missing(action, fact, fact.table, snapshot)
    if found.inherited:
        return refuse.refuse(
            action,
            "trigger_cannot_be_dropped",
            f"{found.name} comes from the table above {fact.table}, so this statement fails",
            "drop it there",
        )
    operation = DropTrigger(
        table=fact.table,
        name=found.name,
        trigger=found,
        locks=statements.of_author(snapshot, action),
        refuses=triggers.may_refuse(found.definition, found.function, snapshot),
    )
    return Match(operation=operation, consumed=(0,), directives=action.statement.vouched)


def _missing(
    action: Action, fact: Fact, table: Name, snapshot: Snapshot
) -> Match | Refusal | None:
    there = snapshot.table(table)
    if snapshot.opaque or (there is not None and there.opaque):
        return None
    if any(view.name == table for view in snapshot.views):
        return None
    if fact.if_exists:
        operation = DropTrigger(table=table, name=fact.name, trigger=None)
        return Match(operation=operation, consumed=(0,))
    return refuse.refuse(
        action,
        "trigger_cannot_be_dropped",
        f"{table} has no trigger {fact.name}, so this statement would fail",
        "correct the name, or write IF EXISTS",
    )
