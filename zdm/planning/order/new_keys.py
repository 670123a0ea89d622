"""INSERTs with ON CONFLICT behind a new unique key of their table.

What the INSERT does follows from the keys that are there. A key that the old version may break
is made in the contract, so an INSERT before the rollout would add a row that it leaves out in
the author's order, and the key would stop the run at that row.
"""

from collections.abc import Iterator, Mapping, Sequence

from zdm.model.findings import Finding
from zdm.model.schema import Name
from zdm.model.statement import Action, Fact
from zdm.model.syntax import AddConstraint, IndexDefinition, Insert
from zdm.parse import mentioned
from zdm.planning.classify import Placed
from zdm.planning.walk import Owned
from zdm.recipes.reading import refuse

_KEYS = frozenset({"unique", "primary key", "exclusion"})
_BEHIND = (
    "if only the new version needs the rows, put `-- zdm: run in contract -- reason` above this"
    " INSERT; or move it to a revision that is planned after this train is contracted"
)


def table(action: Action) -> Name | None:
    """The table that gets a new unique key or exclusion constraint."""
    said, fact = action.said, action.fact
    adds = (isinstance(said, IndexDefinition) and said.unique) or (
        isinstance(said, AddConstraint) and said.constraint.kind in _KEYS
    )
    return fact.table if adds and isinstance(fact, Fact) else None


def conflicts(steps: Sequence[Owned], placed: Sequence[Placed]) -> Iterator[Finding]:
    """Each such INSERT that would run before a key which its author puts before it."""
    when: dict[int, list[int]] = {}
    for position, one in enumerate(steps):
        when.setdefault(-1 if one.owner is None else one.owner, []).append(position)
    for owner, place in enumerate(placed):
        action = place.actions[0]
        if not isinstance(action.said, Insert) or not action.said.on_conflict:
            continue
        before = [p for n, p in enumerate(placed[:owner]) if _ends_behind(when, n, owner)]
        key = next((a for p in before for a in p.actions if _meets(action, a)), None)
        if key is not None:
            yield refuse.finding(
                action,
                "insert_before_key",
                f"the ON CONFLICT of this INSERT counts on a key of {table(key)} that is made"
                f" after the rollout ({key.source}), and the INSERT would run before it",
                _BEHIND,
            )


def _ends_behind(when: Mapping[int, Sequence[int]], one: int, other: int) -> bool:
    """Whether it has a step behind the other's first; one that has nothing to do has none."""
    return one in when and when[one][-1] > when[other][0]


def _meets(insert: Action, key: Action) -> bool:
    """Whether the key says what the INSERT does. An index that becomes a constraint is there
    already, but for ON CONFLICT ON CONSTRAINT."""
    of = insert.fact.table if isinstance(insert.fact, Fact) else None
    if of is None or table(key) != of:
        return False
    said = key.said
    ready = isinstance(said, AddConstraint) and bool(said.constraint.using_index)
    return not ready or mentioned.conflict_constraint(insert) != ""
