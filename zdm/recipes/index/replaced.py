"""An index that is dropped, and whose name the train uses again.

No application names an index in a statement, so the old one gets another name before the
rollout, the new one is built under its own, and the old one is dropped once nobody needs it.
Only the author knows whether the new version keeps to a unique one until then; `run in
contract` above the DROP says so.
"""

from collections.abc import Sequence

from zdm.model.schema import Snapshot
from zdm.model.sql import zdm_name
from zdm.model.statement import Action, ActionKind, Directive, Fact
from zdm.model.syntax import (
    AddConstraint,
    CreateTable,
    DropObjects,
    IndexDefinition,
    RenameObject,
)
from zdm.schema import lookup

_KEYS = frozenset({"unique", "primary key"})


def aside(name: str) -> str:
    """The old index's name until it is dropped."""
    return zdm_name("old", name)


def by(actions: Sequence[Action]) -> Action | None:
    """What makes an index of the name that the first Action, a DROP INDEX, frees."""
    fact = actions[0].fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.DROP_INDEX:
        return None
    name = fact.name.rpartition(".")[2]
    for action in actions[1:]:
        if makes(action, name) and not action.statement.vouched:
            return action
    return None


def makes(action: Action, name: str) -> bool:
    """Whether it makes an index of that name."""
    return name in made(action)


def made(action: Action) -> tuple[str, ...]:
    """The names of the indexes that it makes, as far as the author names them."""
    fact, said = action.fact, action.said
    if not isinstance(fact, Fact):
        return ()
    match said:
        case CreateTable(columns=columns, constraints=constraints):
            every = (*constraints, *(c for column in columns for c in column.constraints))
        case AddConstraint(constraint=constraint):
            every = (constraint,)
        case RenameObject(kind="index", new_name=name):
            return (name,)
        case _:
            return (fact.name,) if fact.kind is ActionKind.CREATE_INDEX else ()
    return tuple(c.name for c in every if c.name and c.kind in _KEYS)


def frees_early(action: Action, start: Snapshot) -> bool:
    """Whether it renames an index before the rollout: one of no constraint."""
    said = action.said
    if not isinstance(said, RenameObject) or said.kind != "index" or action.statement.vouched:
        return False
    table = lookup.table_with_index(said.words, start, action.statement.settings)
    indexes = table.indexes if table is not None else ()
    return any(i.name == said.words[-1] and i.constraint is None for i in indexes)


def word(actions: Sequence[Action]) -> tuple[Directive, ...]:
    """The author's word that the old one may stay until the contract; empty: not given."""
    first = actions[0]
    words = first.statement.vouched
    if len(words) != 1 or words[0].argument != "contract" or by(actions) is None:
        return ()
    alone = isinstance(first.said, DropObjects) and len(first.said.objects) == 1
    return words if alone else ()


def keys(maker: Action) -> tuple[str | None, ...]:
    """The key columns of the unique index that it makes, None for an expression; empty where
    it is partial, not unique, or refuses only at the end of a transaction."""
    match maker.said:
        case IndexDefinition(unique=True, where=None) as says:
            return tuple(element.column or None for element in says.elements)
        case AddConstraint(constraint=says) if not says.deferrable:
            return says.columns
    return ()
