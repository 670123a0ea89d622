"""CREATE OR REPLACE TRIGGER, and DROP TRIGGER with a CREATE of its name behind it.

Both are one transaction, so no write misses the trigger: SHARE ROW EXCLUSIVE for OR REPLACE,
which PostgreSQL has from 14 on, ACCESS EXCLUSIVE for DROP and CREATE (manual, CREATE TRIGGER,
DROP TRIGGER). It is the last step before the rollout, as for a new trigger; one that may refuse
writes, and runs another function than the former or fires for more, is replaced when the old
version is gone.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from zdm.model.operation import Match, Refusal
from zdm.model.schema import Name, Snapshot, Table, Trigger
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import CreateTrigger
from zdm.parse.readers import fired
from zdm.recipes.object import search_path, triggers
from zdm.recipes.object.trigger_change import TriggerChange
from zdm.recipes.reading import refuse, statements
from zdm.schema import family

SLUG = "replace_trigger"


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """A CREATE OR REPLACE TRIGGER of one that is there, or its DROP with a CREATE behind it."""
    first = actions[0]
    fact = statements.fact(first, ActionKind.CREATE_TRIGGER, ActionKind.DROP_TRIGGER)
    table = snapshot.table(fact.table) if fact is not None and fact.table is not None else None
    if fact is None or table is None or table.created:
        return None
    former = triggers.named(table, fact.name)
    if former is None:
        return None
    if fact.kind is ActionKind.CREATE_TRIGGER:
        said = first.said
        replaces = isinstance(said, CreateTrigger) and said.replaces
        return _replaced((first,), (0,), table, snapshot) if replaces else None
    position = _made_again(actions, fact)
    if position is None:
        return None
    return _replaced((first, actions[position]), (0, position), table, snapshot)


def _made_again(actions: Sequence[Action], dropped: Fact) -> int | None:
    for position, action in enumerate(actions[1:], 1):
        fact = statements.fact(action, ActionKind.CREATE_TRIGGER)
        if fact is None or action.statement.vouched:
            continue
        if (fact.table, fact.name) == (dropped.table, dropped.name):
            return position
    return None


def _replaced(
    taken: tuple[Action, ...], consumed: tuple[int, ...], table: Table, snapshot: Snapshot
) -> Match | Refusal | None:
    action = taken[-1]
    said, sql = action.said, action.statement.sql
    if not isinstance(said, CreateTrigger):
        return None
    former = triggers.named(table, said.name)
    if former is None:
        return None
    problem = next(_problems(former, said, table, snapshot), None)
    if problem is not None:
        refusal = refuse.refuse(action, "trigger_cannot_be_replaced", *problem)
        return replace(refusal, consumed=consumed)
    runs = triggers.function(said, action, snapshot)
    refuses = said.constraint or triggers.may_refuse(sql, runs, snapshot)
    did = runs == former.function and fired.fires_as(former.definition, sql)
    late = refuses and not did
    bare = "" if runs == former.function else triggers.by_search_path(runs, snapshot)
    if bare and not late:
        refusal = refuse.refuse(
            action,
            "trigger_cannot_be_replaced",
            f"{runs} names {bare} without its schema, so writes of a session with another"
            " search_path would fail, or find another one",
            "write the schema before each name in the function, or give it SET search_path",
        )
        return replace(refusal, consumed=consumed)
    drops = () if said.replaces else (triggers.drop(table.name, said.name),)
    operation = TriggerChange(
        slug=SLUG,
        title=f"replace trigger {former.name} of {table.name}",
        late=late,
        risk=(_late if late else _early)(former.name, table.name, runs),
        id=f"{table.name}-{former.name}-replace",
        sql=(*drops, sql),
        settings=action.statement.settings,
        locks=statements.of_author(snapshot, *taken),
        probe="",  # only the journal shows it
        undo=tuple(triggers.again(table.name, former)),
        reason="No write is without the trigger, since one transaction replaces it.",
        bare=search_path.found_by_session(runs, bare) if bare else None,
    )
    directives = tuple(d for one in taken for d in one.statement.vouched)
    return Match(operation=operation, consumed=consumed, directives=directives)


def _early(name: str, table: Name, function: Name) -> tuple[str, str]:
    return (
        f"from before the rollout on the old version's writes to {table} fire {name} in its new"
        f" form; zdm does not know what {function} does",
        "make sure that the old version works with it; else make one of another name, and drop"
        " this one in a later release",
    )


def _late(name: str, table: Name, function: Name) -> tuple[str, str]:
    del table
    return (
        f"{function} may refuse a write, so {name} is replaced when the old version is gone,"
        " and until then the new version's writes fire the former one",
        "let the new version work with both; or, if the old version works with the new one, put"
        " `-- zdm: run in expand -- reason` above it",
    )


def _problems(
    former: Trigger, said: CreateTrigger, table: Table, snapshot: Snapshot
) -> Iterator[tuple[str, str]]:
    if former.inherited:
        yield (
            f"{former.name} comes from the table above {table.name}, so this statement fails",
            "replace it there",
        )
    if former.changed:
        yield (
            f"this train makes or replaces {former.name} before, and zdm does so once in a"
            " train",
            "keep only the last of these statements",
        )
    constraint = former.definition.startswith("CREATE CONSTRAINT TRIGGER")
    if said.replaces and (constraint or said.constraint):
        yield (
            "PostgreSQL does not replace a constraint trigger, so this statement would fail",
            "write DROP TRIGGER and CREATE CONSTRAINT TRIGGER instead",
        )
    if any(
        (one := triggers.named(child, former.name)) is not None
        and one.enabled != former.enabled
        for child in family.partitions(snapshot, table.name)
    ):
        yield (
            f"{former.name} is enabled otherwise on a partition of {table.name}, which a new"
            " one would not be",
            "enable it alike on all partitions in an earlier release",
        )
