"""What the sub-commands of ALTER TABLE leave that are about one column."""

from dataclasses import replace

from zdm.model.schema import Column, Snapshot, Table
from zdm.model.statement import Action, Fact
from zdm.model.syntax import AddColumn, ChangeType, SetDefault
from zdm.parse import expressions
from zdm.schema import default_volatility, edits, new_table, type_names


def add(snapshot: Snapshot, action: Action) -> Snapshot:
    """ADD COLUMN."""
    table, said = named_table(snapshot, action), action.said
    if table is None or not isinstance(said, AddColumn):
        return snapshot
    if table.column(said.column.name) is not None:
        return snapshot
    settings = action.statement.settings
    return new_table.column_after(snapshot, table.name, said.column, settings)


def drop(snapshot: Snapshot, action: Action) -> Snapshot:
    """DROP COLUMN, with all that is dropped with it."""
    found = _column(snapshot, action)
    if found is None:
        return snapshot
    table, column = found
    return edits.drop_column(snapshot, table.name, column.name)


def change_type(snapshot: Snapshot, action: Action) -> Snapshot:
    """ALTER COLUMN … TYPE."""
    found, said = _column(snapshot, action), action.said
    if found is None or not isinstance(said, ChangeType):
        return snapshot
    table, column = found
    kind = type_names.canonical(said.type, snapshot, action.statement.settings)
    constrained = new_table.is_constrained(kind, snapshot)
    changed = replace(column, type=kind, constrained_domain=constrained)
    return edits.put_column(snapshot, table.name, changed)


def set_default(snapshot: Snapshot, action: Action) -> Snapshot:
    """SET DEFAULT, DROP DEFAULT; SET DEFAULT NULL is none (manual, ALTER TABLE)."""
    found, said = _column(snapshot, action), action.said
    if found is None or not isinstance(said, SetDefault):
        return snapshot
    table, column = found
    expression = said.expression
    if expression is None or expressions.is_null(expressions.without_cast(expression)):
        changed = replace(column, default=None, default_volatility=None)
    else:
        changed = replace(
            column,
            default=expressions.sql(expression),
            default_volatility=default_volatility.volatility(expression, snapshot),
        )
    return edits.put_column(snapshot, table.name, changed)


def set_not_null(snapshot: Snapshot, action: Action) -> Snapshot:
    """SET NOT NULL."""
    found = _column(snapshot, action)
    if found is None:
        return snapshot
    table, column = found
    return new_table.not_null(snapshot, table.name, (column.name,))


def drop_not_null(snapshot: Snapshot, action: Action) -> Snapshot:
    """DROP NOT NULL."""
    found = _column(snapshot, action)
    if found is None:
        return snapshot
    table, column = found
    key = table.primary_key
    if column.identity or (key is not None and column.name in key.columns):
        return snapshot  # the server refuses it
    return new_table.nullable(snapshot, table.name, column.name)


def named_table(snapshot: Snapshot, action: Action) -> Table | None:
    """The table that the Action changes, if it exists."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.table is None:
        return None
    return snapshot.table(fact.table)


def _column(snapshot: Snapshot, action: Action) -> tuple[Table, Column] | None:
    table, fact = named_table(snapshot, action), action.fact
    if table is None or not isinstance(fact, Fact):
        return None
    column = table.column(fact.name)
    return None if column is None else (table, column)
