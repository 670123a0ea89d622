"""Constraints that an ADD COLUMN says itself become statements of their own.

PostgreSQL reads the whole table for an inline CHECK, builds the index of a UNIQUE and checks
the REFERENCES of a column with a default under ACCESS EXCLUSIVE (manual, ALTER TABLE; measured
11-18). Said by ADD CONSTRAINT behind the column they are the same schema, and are planned in
steps that do not block. So are the REFERENCES of a column that the train fills.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from zdm.model.schema import Name, Snapshot
from zdm.model.sql import ident
from zdm.model.statement import Action, Fact
from zdm.model.syntax import AddColumn, ColumnDefinition, ConstraintDefinition
from zdm.parse import expressions, facts, rewrite
from zdm.parse.readers import definitions
from zdm.recipes.reading import updates
from zdm.schema import type_names

Filled = frozenset[tuple[Name, str]]  # columns with REFERENCES that the train fills


def split(
    action: Action,
    path: tuple[str, ...],
    start: Snapshot,
    earlier: Sequence[Action],
    filled: Filled,
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
    left, moved = _parts(said.column, is_filled=(fact.table, fact.name) in filled)
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


def filled(actions: Sequence[Action], start: Snapshot) -> Filled:
    """Columns of tables in use that are added with REFERENCES, and of which a later UPDATE
    fills every row: until the contract a trigger fills those of the old version, which the
    key would refuse if it were there."""
    added: set[tuple[Name, str]] = set()
    found: set[tuple[Name, str]] = set()
    for action in actions:
        fact, said, update = action.fact, action.said, updates.read(action)
        if isinstance(said, AddColumn) and isinstance(fact, Fact) and fact.table is not None:
            refers = any(c.kind == "foreign key" for c in said.column.constraints)
            if refers and start.table(fact.table) is not None:
                added.add((fact.table, fact.name))
        elif update is not None and update.simple and len(update.assignments) == 1:
            column = update.assignments[0][0]
            every = update.where is None or expressions.null_test(update.where) == (
                column,
                False,
            )
            if every and (update.table, column) in added:
                found.add((update.table, column))
    return frozenset(found)


def _makes(earlier: Action, fact: Fact) -> bool:
    """Whether the column of an ADD COLUMN IF NOT EXISTS may be there already behind it."""
    found = earlier.fact
    if not isinstance(found, Fact):
        return True
    return found.table == fact.table and fact.name in (found.name, found.new_name)


def _parts(
    column: ColumnDefinition, *, is_filled: bool
) -> tuple[list[ConstraintDefinition], list[list[ConstraintDefinition]]]:
    """What stays with the column, and each constraint that moves with its attributes."""
    left: list[ConstraintDefinition] = []
    moved: list[list[ConstraintDefinition]] = []
    group = left
    for constraint in column.constraints:
        if constraint.kind not in definitions.ATTRIBUTES:
            group = left
            if _moves(constraint, column, is_filled=is_filled):
                group = []
                moved.append(group)
        group.append(constraint)
    return left, moved


def _moves(
    constraint: ConstraintDefinition, column: ColumnDefinition, *, is_filled: bool
) -> bool:
    if constraint.kind == "foreign key":
        given = is_filled or column.constraint("default") is not None
        numbered = column.constraint("identity") is not None
        return given or numbered or type_names.is_serial(column.type)
    return constraint.kind in ("check", "unique")


def _added(table: Name, column: str, group: Sequence[ConstraintDefinition]) -> str:
    constraint, *attributes = group
    words = [rewrite.constraint_definition(constraint, (column,))]
    words += [attribute.kind.upper() for attribute in attributes]
    name = f"CONSTRAINT {ident(constraint.name)} " if constraint.name else ""
    return f"ALTER TABLE {table.sql} ADD {name}{' '.join(words)}"
