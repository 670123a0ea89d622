"""FORCE ROW LEVEL SECURITY above statements that take rows of its table.

Behind it a query of the owner finds only the rows that the policies show, and one of a role
with BYPASSRLS all of them (manual, chapter 5.9). A plan forces it as its last step, when no row
is read any more, so such a statement would take all rows.
"""

from collections.abc import Iterator, Sequence

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Finding
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, Fact, Statement
from zdm.model.syntax import (
    AddConstraint,
    ConstraintDefinition,
    CreateTableAs,
    Read,
    RelationName,
)
from zdm.parse import mentioned
from zdm.parse.objects import policies
from zdm.planning.classify import Placed
from zdm.recipes.reading import refuse
from zdm.schema import lookup


def conflicts(placed: Sequence[Placed], statements: Sequence[Statement]) -> Iterator[Finding]:
    """Each FORCE, with the first such statement behind it."""
    order = {statement.source: number for number, statement in enumerate(statements)}
    every = [
        (order.get(action.statement.source, 0), action, place.context.snapshot)
        for place in placed
        for action in place.actions
    ]
    for number, action, snapshot in every:
        table = _forced(action, snapshot)
        behind = [one for one in every if table is not None and one[0] > number]
        for _, other, then in sorted(behind, key=lambda one: one[0]):
            if table in _taken(other, then):
                yield refuse.finding(
                    action,
                    "row_security_hides_rows",
                    f"{other.source} takes rows of {table}, and behind FORCE it finds only"
                    " those that the policies show to the owner, so what it does depends on"
                    " the role that runs it",
                    "write FORCE ROW LEVEL SECURITY below it",
                )
                break


def _forced(action: Action, snapshot: Snapshot) -> Name | None:
    said = action.said
    forces = isinstance(said, AlterTable) and said.change is Change.ROW_SECURITY
    table = lookup.table_of(snapshot, action)
    if not forces or policies.security(action) != "force" or table is None or table.created:
        return None
    return table.name if table.row_security != "forced" else None


def _taken(action: Action, snapshot: Snapshot) -> frozenset[Name | None]:
    """The tables of which it reads or changes rows as a query does: a foreign key, too."""
    said, fact, settings = action.said, action.fact, action.statement.settings
    own = fact.table if isinstance(fact, Fact) else None
    match said:
        case AddConstraint(constraint=ConstraintDefinition(references=RelationName() as other)):
            return frozenset({own, lookup.found(other, snapshot, settings)})
        case Read() | CreateTableAs():
            pass
        case _ if not any(mentioned.row_changes(action)) and not mentioned.is_stored(action):
            return frozenset()
    read = (lookup.found(one, snapshot, settings) for one in mentioned.reads(action))
    return frozenset({own, *read})
