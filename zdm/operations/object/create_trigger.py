"""CREATE TRIGGER on a table in use.

It takes SHARE ROW EXCLUSIVE for milliseconds, so writes wait that long (manual, CREATE
TRIGGER). From then on it fires for writes of both versions. If its function may refuse a write,
as far as its text shows, it is made when the old version is gone, like a constraint; else it is
the last step before the rollout, since the new version may rely on it, and behind all fills,
for whose batches it would fire.

A new function that names things without their schema, and may refuse nothing, has a search_path
of its own until the old version is gone (`zdm.recipes.object.search_path`). One that may refuse
writes has none: only the new version's sessions fire it, as they would after the migration as
it is written.
"""

from collections.abc import Iterator, Sequence

from zdm.model.operation import Match, Refusal
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import TRIGGER_PREFIX
from zdm.model.statement import Action, ActionKind
from zdm.model.syntax import CreateTrigger
from zdm.recipes.object import search_path, triggers
from zdm.recipes.object.trigger_change import TriggerChange
from zdm.recipes.reading import refuse, statements
from zdm.recipes.sql import probes

SLUG = "create_trigger"


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A CREATE TRIGGER of a name that the table does not have."""
    action, said = actions[0], actions[0].said
    fact = statements.fact(action, ActionKind.CREATE_TRIGGER)
    if fact is None or not isinstance(said, CreateTrigger):
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return _without_table(action, fact.table, snapshot)
    problem = tuple(_problems(said, table))
    if problem:
        return refuse.refuse(action, "trigger_cannot_be_made", *problem[0])
    runs = triggers.function(said, action, snapshot)
    late = said.constraint or triggers.may_refuse(action.statement.sql, runs, snapshot)
    bare = triggers.by_search_path(runs, snapshot)
    fixed = None
    if bare and not late:
        fixed = search_path.fixed(runs, bare, snapshot, action.statement.settings)
        if fixed is None:
            return refuse.refuse(
                action,
                "trigger_cannot_be_made",
                f"{runs} names {bare} without its schema, so writes of a session with another"
                " search_path would fail, or find another one",
                "write the schema before each name in the function, or give it SET search_path",
            )
    operation = TriggerChange(
        slug=SLUG,
        title=f"create trigger {said.name} on {table.name}",
        late=late,
        risk=(_late if late else _early)(said.name, table.name, runs),
        id=f"{table.name}-{said.name}-create",
        sql=(action.statement.sql,),
        settings=action.statement.settings,
        locks=statements.of_author(snapshot, action),
        probe=probes.probe(probes.trigger_exists(table.name, said.name)),
        undo=(triggers.drop(table.name, said.name),),
        reason="Writes of the old version, which it may refuse, are over."
        if late
        else "The new version may rely on it, and the rows of all fills are done.",
        bare=search_path.found_by_session(runs, bare) if bare and late else None,
        fixed=fixed,
    )
    return Match(operation=operation, consumed=(0,), directives=action.statement.vouched)


def _early(name: str, table: Name, function: Name) -> tuple[str, str]:
    return (
        f"from before the rollout on {name} fires for the old version's writes to {table}, too;"
        f" zdm does not know what {function} does, and it has the rights of the role that"
        " writes, unless it is SECURITY DEFINER",
        "make sure that the old version works with it, as each role that writes the table;"
        " else put `-- zdm: run in contract -- reason` above it",
    )


def _late(name: str, table: Name, function: Name) -> tuple[str, str]:
    del table
    return (
        f"{function} may refuse a write, so {name} is made when the old version is gone: until"
        " the contract it does not fire for the new version either, and rows that are there by"
        " then are not looked at",
        "let the new version follow it from its start; or, if the old version does so too,"
        " put `-- zdm: run in expand -- reason` above it",
    )


def _without_table(action: Action, name: Name | None, snapshot: Snapshot) -> Refusal | None:
    if not any(view.name == name for view in snapshot.views):
        return None if snapshot.opaque else statements.unknown_table(action, name)
    return refuse.refuse(
        action,
        "trigger_cannot_be_made",
        f"{name} is a view, through which the old version may write what this trigger would"
        " change",
        "put `-- zdm: run in expand -- reason` above it if both versions work with it (`run in"
        " contract` if only the new version does)",
    )


def _problems(said: CreateTrigger, table: Table) -> Iterator[tuple[str, str]]:
    if triggers.named(table, said.name) is not None:
        yield (
            f"{table.name} has a trigger {said.name} already, so this statement would fail",
            "write DROP TRIGGER above it, or give it another name",
        )
    if said.name.encode() > TRIGGER_PREFIX.encode():
        yield (
            f"the trigger {said.name} would fire behind those of zdm, which keep columns in"
            " sync, so what it changes would not reach the other column",
            "give it a name that sorts before zzz",
        )
