"""The Table that a CREATE TABLE makes, as far as the statement says.

It is what later statements of the train are recognised on, and what names are taken by it, so
names are chosen as PostgreSQL does (manual, CREATE TABLE); texts of checks and defaults are
the author's. The truth about the result is asked from a server by `zdm verify`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zdm.model import schema
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table
from zdm.model.statement import Setting
from zdm.model.syntax import (
    ColumnDefinition,
    ConstraintDefinition,
    CreateTable,
    RelationName,
)
from zdm.parse import expressions
from zdm.schema import edits, generated_names, lookup, type_names

_LABELS = {
    "primary key": "pkey",
    "unique": "key",
    "foreign key": "fkey",
    "check": "check",
    "exclusion": "excl",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a statement is read with."""

    snapshot: Snapshot
    settings: tuple[Setting, ...]

    def find(self, relation: RelationName) -> Name:
        """The table that the statement type_names."""
        return lookup.found(relation, self.snapshot, self.settings)


def after(says: CreateTable, place: Place) -> Snapshot:
    """The Snapshot with the table that a CREATE TABLE makes, and its sequences."""
    name = lookup.made(says.table, place.snapshot, place.settings)
    columns = [c for taken in (*says.parents, *says.likes) for c in _columns_of(taken, place)]
    columns += [_column(definition, place) for definition in says.columns]
    parents = tuple(place.find(parent) for parent in says.parents)
    table = Table(
        name=name,
        kind="partitioned table" if says.is_partitioned else "table",
        columns=tuple({c.name: c for c in columns}.values()),
        partition_key="…" if says.is_partitioned else None,
        partition_of=parents[0] if says.is_partition else None,
        inherits=() if says.is_partition else parents,
        persistence="unlogged" if says.table.persistence == "unlogged" else "permanent",
        created=True,
    )
    snapshot = edits.put_table(place.snapshot, table)
    snapshot = _sequences(snapshot, name, says.columns, place)
    for constraint, columns_of in _constraints(says.elements):
        snapshot = add_constraint(snapshot, name, constraint, columns_of)
    return snapshot


def add_constraint(
    snapshot: Snapshot, table: Name, says: ConstraintDefinition, columns: tuple[str, ...]
) -> Snapshot:
    """The table with a constraint, and its index; NOT NULL where a primary key says so."""
    kind = says.kind
    if kind not in _LABELS:
        return snapshot
    taken = generated_names.taken(snapshot, table.schema)
    chosen_from = () if kind == "primary key" else columns
    name = says.name or generated_names.chosen(table, chosen_from, _LABELS[kind], taken)
    indexed = kind in ("primary key", "unique", "exclusion")
    parent = says.references
    constraint = Constraint(
        name=name,
        kind=kind,
        columns=columns,
        definition=kind.upper(),
        validated=not says.not_valid,
        references=lookup.found(parent, snapshot, ()) if parent is not None else None,
        index=name if indexed else None,
    )
    snapshot = edits.put_constraint(snapshot, table, constraint)
    if indexed:
        index = Index(
            name=name,
            definition="",
            keys=columns,
            columns=columns,
            unique=kind != "exclusion",
            constraint=name,
        )
        snapshot = edits.put_index(snapshot, table, index)
    if kind == "primary key":
        snapshot = _not_null(snapshot, table, columns)
    return snapshot


def column_after(snapshot: Snapshot, table: Name, definition: ColumnDefinition) -> Snapshot:
    """The table with a column that ADD COLUMN gives it, and its inline constraints."""
    place = Place(snapshot=snapshot, settings=())
    snapshot = edits.put_column(snapshot, table, _column(definition, place))
    snapshot = _sequences(snapshot, table, (definition,), place)
    for constraint, columns in _constraints((definition,)):
        snapshot = add_constraint(snapshot, table, constraint, columns)
    return snapshot


def _constraints(
    elements: Sequence[ColumnDefinition | ConstraintDefinition],
) -> Iterator[tuple[ConstraintDefinition, tuple[str, ...]]]:
    for element in elements:
        match element:
            case ColumnDefinition():
                for constraint in element.constraints:
                    yield constraint, (element.name,)
            case ConstraintDefinition():
                yield element, element.columns


def _columns_of(relation: RelationName, place: Place) -> tuple[Column, ...]:
    table = place.snapshot.table(place.find(relation))
    return table.columns if table is not None else ()


def _column(definition: ColumnDefinition, place: Place) -> Column:
    default, identity = definition.constraint("default"), definition.constraint("identity")
    serial = type_names.is_serial(definition.type)
    refused = identity is not None or definition.constraint("not null") is not None
    expression = default.expression if default is not None else None
    return Column(
        name=definition.name,
        type=type_names.canonical(definition.type, place.snapshot, place.settings),
        not_null=serial or refused,
        default=expressions.sql(expression) if expression is not None else None,
        identity=identity.identity if identity is not None else "",
        generated="stored" if definition.constraint("generated") is not None else "",
    )


def _sequences(
    snapshot: Snapshot, table: Name, definitions: Sequence[ColumnDefinition], place: Place
) -> Snapshot:
    for definition in definitions:
        identity = definition.constraint("identity") is not None
        if not identity and not type_names.is_serial(definition.type):
            continue
        column = definition.name
        taken = generated_names.taken(snapshot, table.schema)
        sequence = schema.Sequence(
            name=Name(table.schema, generated_names.chosen(table, (column,), "seq", taken)),
            type=type_names.canonical(definition.type, snapshot, place.settings),
            start=1,
            increment=1,
            minimum=1,
            maximum=2**63 - 1,
            owner_table=table,
            owner_column=column,
            identity=identity,
        )
        snapshot = edits.put_sequence(snapshot, sequence)
    return snapshot


def _not_null(snapshot: Snapshot, name: Name, columns: tuple[str, ...]) -> Snapshot:
    table = snapshot.table(name)
    for column in table.columns if table is not None else ():
        if column.name in columns:
            snapshot = edits.put_column(snapshot, name, replace(column, not_null=True))
    return snapshot
