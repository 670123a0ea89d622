"""ALTER TABLE … ENABLE or DISABLE TRIGGER on a table in use.

It takes SHARE ROW EXCLUSIVE for milliseconds (manual, ALTER TABLE). The old version may rely on
a trigger, so one is disabled when that is gone; one that is enabled is like a new one: before
the rollout, unless it may refuse writes of the old version.
"""

from collections.abc import Sequence

from zdm.model.commands import AlterTable, Change
from zdm.model.operation import Match, Refusal
from zdm.model.plan import Irreversible
from zdm.model.schema import Name, Snapshot, Table, Trigger
from zdm.model.statement import Action, ActionKind
from zdm.recipes.object import triggers
from zdm.recipes.object.trigger_change import TriggerChange
from zdm.recipes.reading import refuse, statements
from zdm.recipes.sql import probes

SLUG = "toggle_trigger"
_WORDS = {
    "O": "enable trigger",
    "D": "disable trigger",
    "R": "enable replica trigger",
    "A": "enable always trigger",
}
_ON = frozenset({"O", "A"})


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
    operation = _change(table.name, found, said.fires, action, snapshot)
    return Match(operation=operation, consumed=(0,), directives=action.statement.vouched)


def _change(
    table: Name, found: Trigger, enabled: str, action: Action, snapshot: Snapshot
) -> TriggerChange:
    """Nothing where it is so already."""
    name, before = found.name, found.enabled
    refuses = triggers.may_refuse(found.definition, found.function, snapshot)
    late = enabled not in _ON or refuses
    lost = Irreversible(
        reason="what the old version would write without the trigger could not be found"
    )
    return TriggerChange(
        slug=SLUG,
        title=f"{_WORDS[enabled]} {name} of {table}",
        late=late,
        risk=_late(name) if late else _early(name, table, found.function),
        id=f"{table}-{name}-{'disable' if enabled == 'D' else 'enable'}",
        sql=() if before == enabled else (triggers.state(table, name, enabled),),
        locks=statements.of_author(snapshot, action),
        probe=probes.probe(probes.trigger_state(table, name, enabled)),
        undo=lost if before in _ON else (triggers.state(table, name, before),),
        reason="The old version, which may rely on it or be refused by it, is gone."
        if late
        else "The new version may rely on it, and the rows of all fills are done.",
    )


def _early(name: str, table: Name, function: Name) -> tuple[str, str]:
    return (
        f"from before the rollout on {name} fires for the old version's writes to {table}, too;"
        f" zdm does not know what {function} does",
        "make sure that the old version works with it; else put `-- zdm: run in contract --"
        " reason` above it",
    )


def _late(name: str) -> tuple[str, str]:
    return (
        f"until the contract {name} stays as it is, for the new version's writes, too",
        "let the new version work with it and without it until then",
    )


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
