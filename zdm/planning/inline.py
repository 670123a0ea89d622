"""Constraints that an ADD COLUMN says itself become statements of their own.

PostgreSQL reads the whole table for an inline CHECK, builds the index of a UNIQUE and checks
the REFERENCES of a column with a default under ACCESS EXCLUSIVE (manual, ALTER TABLE; measured
11-18). Said by ADD CONSTRAINT behind the column they are the same schema, and are planned in
steps that do not block.
"""

from collections.abc import Sequence
from dataclasses import replace

from zdm.model.schema import Name, Snapshot
from zdm.model.sql import ident
from zdm.model.statement import Action, Fact
from zdm.model.syntax import AddColumn, ColumnDefinition, ConstraintDefinition
from zdm.parse import facts, rewrite
from zdm.parse.readers import definitions
from zdm.schema import type_names


def split(
    action: Action, path: tuple[str, ...], start: Snapshot, earlier: Sequence[Action]
) -> Sequence[Action]:
    """The ADD COLUMN of a table in use without such constraints, and an ADD CONSTRAINT for
    each; the Action itself where there are none."""
    fact, said = action.fact, action.said
    if not isinstance(said, AddColumn) or not isinstance(fact, Fact) or fact.table is None:
        return (action,)
    table = start.table(fact.table)
    if action.statement.vouched or table is None:
        return (action,)
    if fact.if_exists and (table.column(fact.name) or any(_makes(a, fact) for a in earlier)):
        return (action,)
    left, moved = _parts(said.column)
    if not moved:
        return (action,)
    texts = (
        rewrite.add_column_with(fact.table, said.column, left),
        *(_added(fact.table, said.column.name, group) for group in moved),
    )
    return tuple(
        one
        for text in texts
        for one in facts.actions(replace(action.statement, sql=text), path)
    )


def _makes(earlier: Action, fact: Fact) -> bool:
    """Whether the column of an ADD COLUMN IF NOT EXISTS may be there already behind it."""
    found = earlier.fact
    if not isinstance(found, Fact):
        return True
    return found.table == fact.table and fact.name in (found.name, found.new_name)


def _parts(
    column: ColumnDefinition,
) -> tuple[list[ConstraintDefinition], list[list[ConstraintDefinition]]]:
    """What stays with the column, and each constraint that moves with its attributes."""
    left: list[ConstraintDefinition] = []
    moved: list[list[ConstraintDefinition]] = []
    group = left
    for constraint in column.constraints:
        if constraint.kind not in definitions.ATTRIBUTES:
            group = left
            if _moves(constraint, column):
                group = []
                moved.append(group)
        group.append(constraint)
    return left, moved


def _moves(constraint: ConstraintDefinition, column: ColumnDefinition) -> bool:
    if constraint.kind == "foreign key":
        given = column.constraint("default") is not None
        return given or type_names.is_serial(column.type)
    return constraint.kind in ("check", "unique")


def _added(table: Name, column: str, group: Sequence[ConstraintDefinition]) -> str:
    constraint, *attributes = group
    words = [rewrite.constraint_definition(constraint, (column,))]
    words += [attribute.kind.upper() for attribute in attributes]
    name = f"CONSTRAINT {ident(constraint.name)} " if constraint.name else ""
    return f"ALTER TABLE {table.sql} ADD {name}{' '.join(words)}"
