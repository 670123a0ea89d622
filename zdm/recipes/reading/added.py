"""The column that an ADD COLUMN defines, and the tables that a new constraint references."""

from zdm.model.statement import Action
from zdm.model.syntax import (
    AddColumn,
    AddConstraint,
    ColumnDefinition,
    CreateTable,
    RelationName,
)


def definition(action: Action) -> ColumnDefinition:
    """The definition; raises TypeError where the Action is no ADD COLUMN."""
    if not isinstance(action.said, AddColumn):
        raise TypeError(f"{action.source}: this is no ADD COLUMN")
    return action.said.column


def referenced(action: Action) -> tuple[RelationName, ...]:
    """Tables that foreign keys which it adds point at."""
    match action.said:
        case AddColumn(column=column):
            found = [constraint.references for constraint in column.constraints]
        case AddConstraint(constraint=constraint):
            found = [constraint.references]
        case CreateTable() as made:
            return made.referenced
        case _:
            return ()
    return tuple(relation for relation in found if relation is not None)
