"""What the sub-commands of ALTER TABLE leave that are about one column."""

from msgspec.structs import replace

from zdm.model.commands import AlterTable, Change
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, Fact
from zdm.model.syntax import (
    AddColumn,
    ChangeType,
    SetDefault,
)
from zdm.schema import edits, family, lookup, type_change, type_names
from zdm.schema.effects import definitions, dependents, drops, indexes, not_nulls
from zdm.schema.effects.definitions import Place
from zdm.schema.effects.dependents import Thing

_IDENTITY_OF_PARTITIONS = 17  # the first version in which a partition's column is one, too


def add(snapshot: Snapshot, action: Action) -> Snapshot:
    """ADD COLUMN, here and on the tables below."""
    table, said, fact = lookup.table_of(snapshot, action), action.said, action.fact
    if table is None or not isinstance(said, AddColumn) or not isinstance(fact, Fact):
        return snapshot
    if table.column(said.column.name) is not None or table.partition_of is not None:
        return snapshot
    children = family.children(snapshot, table.name)
    if children and (fact.only or _only_alone(snapshot, table, said)):
        return snapshot
    place = Place(snapshot=snapshot, settings=action.statement.settings)
    return definitions.add_column(snapshot, table.name, said.column, place)


def _only_alone(snapshot: Snapshot, table: Table, said: AddColumn) -> bool:
    """An identity cannot be added to a table with tables below it."""
    partitioned = table.kind == "partitioned table"
    late = partitioned and snapshot.major >= _IDENTITY_OF_PARTITIONS
    return said.column.constraint("identity") is not None and not late


def drop(snapshot: Snapshot, action: Action) -> Snapshot:
    """DROP COLUMN, with all that is dropped with it."""
    found = _column(snapshot, action)
    if found is None or not isinstance(action.fact, Fact):
        return snapshot
    table, column = found
    if column.name in family.partition_columns(table):
        return snapshot
    if family.inherits_column(snapshot, table, column.name):
        return snapshot
    if action.fact.only and family.children(snapshot, table.name):
        if table.kind == "partitioned table":
            return snapshot
        return edits.drop_column(snapshot, table.name, column.name)
    thing = Thing("column", table.name, column.name)
    return drops.remove(snapshot, (thing,), action, cascade=action.fact.cascade)


def change_type(snapshot: Snapshot, action: Action) -> Snapshot:
    """ALTER COLUMN … TYPE, here and on the tables below."""
    found, said = _column(snapshot, action), action.said
    if found is None or not isinstance(said, ChangeType):
        return snapshot
    table, column = found
    if _fixed(snapshot, table, column):
        return snapshot
    kind = type_names.canonical(said.type, snapshot, action.statement.settings)
    constrained = definitions.is_constrained(kind, snapshot)
    below = family.below(snapshot, table.name)
    if below and isinstance(action.fact, Fact) and action.fact.only:
        return snapshot
    for name in (table.name, *below):
        own = snapshot.require_table(name).column(column.name)
        if own is not None:
            changed = replace(
                own,
                type=kind,
                collation=_collation(said, own),
                constrained_domain=constrained,
            )
            snapshot = edits.put_column(snapshot, name, changed)
    return indexes.rebuild_below(snapshot, table.name, column.name)


def _collation(said: ChangeType, column: Column) -> str | None:
    """What is written, else the type's own."""
    if type_change.keeps_collation(said.collation, column.collation):
        return column.collation
    return ident(*said.collation) or None


def _fixed(snapshot: Snapshot, table: Table, column: Column) -> bool:
    """Whether the server refuses another type: something is computed from the column."""
    if family.inherits_column(snapshot, table, column.name):
        return True
    for name in (table.name, *family.below(snapshot, table.name)):
        own = snapshot.require_table(name)
        if column.name in family.partition_columns(own):
            return True
        if any(dependents.computed_from(snapshot, own, column.name)):
            return True
    return False


def set_default(snapshot: Snapshot, action: Action) -> Snapshot:
    """SET DEFAULT, DROP DEFAULT; SET DEFAULT NULL is none (manual, ALTER TABLE)."""
    found, said = _column(snapshot, action), action.said
    if found is None or not isinstance(said, SetDefault):
        return snapshot
    table, column = found
    if column.identity or column.generated:
        return snapshot
    text, volatility = definitions.default(said.expression, column.type, snapshot)
    for name in _here_and_below(snapshot, table.name, action):
        own = snapshot.require_table(name).column(column.name)
        if own is not None and not own.generated:
            changed = replace(own, default=text, default_volatility=volatility)
            snapshot = edits.put_column(snapshot, name, changed)
    return snapshot


def _here_and_below(snapshot: Snapshot, name: Name, action: Action) -> tuple[Name, ...]:
    only = isinstance(action.fact, Fact) and action.fact.only
    return (name,) if only else (name, *family.below(snapshot, name))


def set_not_null(snapshot: Snapshot, action: Action) -> Snapshot:
    """SET NOT NULL, here and on the tables below."""
    found = _column(snapshot, action)
    if found is None:
        return snapshot
    table, column = found
    snapshot = not_nulls.put(snapshot, table.name, column.name)
    if isinstance(action.fact, Fact) and action.fact.only:
        return snapshot
    return not_nulls.put_below(snapshot, table.name, column.name)


def drop_not_null(snapshot: Snapshot, action: Action) -> Snapshot:
    """DROP NOT NULL, here and on the tables below."""
    found = _column(snapshot, action)
    if found is None:
        return snapshot
    table, column = found
    if not_nulls.required(snapshot, table, column) or _required_above(snapshot, table, column):
        return snapshot
    constraint = not_nulls.of(table, column.name)
    if constraint is not None:
        thing = Thing("constraint", table.name, constraint.name)
        return drops.remove_constraint(snapshot, thing, action)
    names = _here_and_below(snapshot, table.name, action)
    for name in names:
        own = snapshot.require_table(name)
        there = own.column(column.name)
        if there is not None and not_nulls.required(snapshot, own, there):
            return snapshot
    for name in names:
        if snapshot.require_table(name).column(column.name) is not None:
            snapshot = not_nulls.drop(snapshot, name, column.name)
    return snapshot


def _required_above(snapshot: Snapshot, table: Table, column: Column) -> bool:
    constraint = not_nulls.of(table, column.name)
    if constraint is not None:
        return family.inherits_constraint(snapshot, table, constraint)
    above = snapshot.table(table.partition_of) if table.partition_of is not None else None
    own = above.column(column.name) if above is not None else None
    return own is not None and own.not_null


def change_identity(snapshot: Snapshot, action: Action) -> Snapshot:
    """ADD GENERATED, SET GENERATED, DROP IDENTITY."""
    table, said = lookup.table_of(snapshot, action), action.said
    column = table.column(said.name) if table and isinstance(said, AlterTable) else None
    if table is None or column is None or not isinstance(said, AlterTable):
        return snapshot
    if table.partition_of is not None and snapshot.major >= _IDENTITY_OF_PARTITIONS:
        return snapshot
    match said.change:
        case Change.ADD_IDENTITY:
            if column.identity or column.default is not None or not column.not_null:
                return snapshot
            if not type_names.is_whole_number(column.type):
                return snapshot
            named = "" if said.other is None else said.other.name
            snapshot = definitions.put_sequence(
                snapshot, table.name, column, identity=True, name=named
            )
            return _identity(snapshot, table.name, column, said.identity)
        case Change.SET_IDENTITY if column.identity and said.identity:
            return _identity(snapshot, table.name, column, said.identity)
        case Change.DROP_IDENTITY if column.identity:
            owned = (table.name, column.name)
            left = (s for s in snapshot.sequences if (s.owner_table, s.owner_column) != owned)
            snapshot = replace(snapshot, sequences=tuple(left))
            return _identity(snapshot, table.name, column, "")
    return snapshot


def _identity(snapshot: Snapshot, name: Name, column: Column, identity: str) -> Snapshot:
    late = snapshot.major >= _IDENTITY_OF_PARTITIONS
    partitions = [
        child
        for child in family.below(snapshot, name)
        if late and snapshot.require_table(child).partition_of is not None
    ]
    for one in (name, *partitions):
        own = snapshot.require_table(one).require_column(column.name)
        snapshot = edits.put_column(snapshot, one, replace(own, identity=identity))
    return snapshot


def drop_expression(snapshot: Snapshot, action: Action) -> Snapshot:
    """DROP EXPRESSION of a stored generated column, here and on the tables below."""
    table, said = lookup.table_of(snapshot, action), action.said
    if table is None or not isinstance(said, AlterTable):
        return snapshot
    column = table.column(said.name)
    if column is None or column.generated != "stored":
        return snapshot
    if family.inherits_column(snapshot, table, column.name):
        return snapshot
    children = family.children(snapshot, table.name)
    only = isinstance(action.fact, Fact) and action.fact.only
    if (children and only) or any(family.children(snapshot, c.name) for c in children):
        return snapshot  # the server refuses more than one level (ATPrepDropExpression)
    for name in (table.name, *(child.name for child in children)):
        own = snapshot.require_table(name).column(said.name)
        if own is not None:
            changed = replace(own, generated="", default=None, default_volatility=None)
            snapshot = edits.put_column(snapshot, name, changed)
    return snapshot


def _column(snapshot: Snapshot, action: Action) -> tuple[Table, Column] | None:
    table, fact = lookup.table_of(snapshot, action), action.fact
    if table is None or not isinstance(fact, Fact):
        return None
    column = table.column(fact.name)
    return None if column is None else (table, column)
