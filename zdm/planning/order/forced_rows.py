"""FORCE ROW LEVEL SECURITY above statements that take rows of its table.

Behind it a query of the owner finds only the rows that the policies show, and one of a role
with BYPASSRLS all of them (manual, chapter 5.9). A plan forces it as its last step, when no row
is read any more, so such a statement would take all rows.
"""

from collections.abc import Iterator, Sequence

from zdm.model.commands import AlterTable, Change
from zdm.model.findings import Finding
from zdm.model.schema import Name, Snapshot, Table
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
        if table is None:
            continue
        behind = [one for one in every if one[0] > number]
        for _, other, then in sorted(behind, key=lambda one: one[0]):
            if table.name in _taken(other, then):
                yield _finding(action, other, table)
                break


def _finding(action: Action, other: Action, table: Table) -> Finding:
    if table.created:
        return refuse.finding(
            action,
            "row_security_hides_rows",
            f"{other.source} takes rows of the new {table.name}, and behind FORCE the policies"
            " refuse it to the owner, who runs the plan",
            "move this statement to a revision that is planned after this train is contracted",
        )
    return refuse.finding(
        action,
        "row_security_hides_rows",
        f"{other.source} takes rows of {table.name}, and behind FORCE it finds only those that"
        " the policies show to the owner, so what it does depends on the role that runs it",
        "write FORCE ROW LEVEL SECURITY below it",
    )


def _forced(action: Action, snapshot: Snapshot) -> Table | None:
    said = action.said
    forces = isinstance(said, AlterTable) and said.change is Change.ROW_SECURITY
    table = lookup.table_of(snapshot, action)
    if not forces or policies.security(action) != "force" or table is None:
        return None
    return table if table.row_security != "forced" else None


def _taken(action: Action, snapshot: Snapshot) -> frozenset[Name | None]:
    """The tables of which it reads or changes rows as a query does: a foreign key, too."""
    said, fact, settings = action.said, action.fact, action.statement.settings
    own = fact.table if isinstance(fact, Fact) else None
    match said:
        case AddConstraint(constraint=ConstraintDefinition(references=RelationName() as other)):
            both = (own, lookup.found(other, snapshot, settings))
            tables = (snapshot.table(name) for name in both if name is not None)
            return frozenset(t.name for t in tables if t is not None and not t.created)
        case Read() | CreateTableAs():
            pass
        case _ if not any(mentioned.row_changes(action)) and not mentioned.is_stored(action):
            return frozenset()
    read = (lookup.found(one, snapshot, settings) for one in mentioned.reads(action))
    return frozenset({own, *read})
