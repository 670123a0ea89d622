"""Columns as CREATE TABLE and ADD COLUMN write them, with what is made beside them."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model import schema
from zdm.model.expression import Expression
from zdm.model.schema import Column, Name, Snapshot
from zdm.model.sql import ident
from zdm.model.statement import Setting
from zdm.model.syntax import ColumnDefinition, ConstraintDefinition, RelationName
from zdm.parse import expressions
from zdm.parse.readers.definitions import DEFERS
from zdm.schema import (
    default_volatility,
    edits,
    family,
    generated_names,
    lookup,
    sequences,
    type_names,
)
from zdm.schema.effects import constraints, not_nulls
from zdm.schema.effects.constraints import New

_Default = tuple[str | None, schema.Volatility | None]


class Place(Struct, frozen=True, kw_only=True):
    """What a statement is read with."""

    snapshot: Snapshot
    settings: tuple[Setting, ...]
    source: str = ""

    def find(self, relation: RelationName) -> Name:
        """The table that the statement names."""
        return lookup.found(relation, self.snapshot, self.settings)


def add_column(
    snapshot: Snapshot, table: Name, definition: ColumnDefinition, place: Place
) -> Snapshot:
    """The table with a column that ADD COLUMN gives it, and its inline constraints; the tables
    below get it, too."""
    made = column(definition, place)
    snapshot = edits.put_column(snapshot, table, made)
    snapshot = with_sequence(snapshot, table, definition)
    below = family.below(snapshot, table)
    own = snapshot.require_table(table).require_column(made.name)
    for name in below:
        if snapshot.require_table(name).column(made.name) is None:
            partition = snapshot.require_table(name).partition_of is not None
            snapshot = edits.put_column(
                snapshot, name, own if partition else replace(own, identity="")
            )
    if made.not_null:
        snapshot = not_nulls.put(snapshot, table, made.name, not_null_name(definition))
        snapshot = not_nulls.put_below(snapshot, table, made.name)
    for constraint, columns in constraints_of((definition,)):
        new = New(table=table, says=constraint, columns=columns, settings=place.settings)
        after = constraints.put(snapshot, new)
        if after is snapshot and constraint.kind in constraints.KINDS:
            return place.snapshot  # the server refuses all of it
        snapshot = after
    return snapshot


def not_null_name(definition: ColumnDefinition | None) -> str:
    """The author's name for its NOT NULL; empty where there is none."""
    said = definition.constraint("not null") if definition is not None else None
    return said.name if said is not None else ""


def constraints_of(
    elements: Sequence[ColumnDefinition | ConstraintDefinition],
) -> Iterator[tuple[ConstraintDefinition, tuple[str, ...]]]:
    """Each constraint but NOT NULL of a column, with its columns."""
    for element in elements:
        match element:
            case ColumnDefinition():
                for constraint in _with_attributes(element):
                    if constraint.kind == "check":
                        yield constraint, constraint.columns
                    elif constraint.kind != "not null":
                        yield constraint, (element.name,)
            case ConstraintDefinition():
                yield element, element.columns


def _with_attributes(column: ColumnDefinition) -> Iterator[ConstraintDefinition]:
    """DEFERRABLE follows the constraint that it belongs to."""
    said = column.constraints
    for one, after in zip(said, [*(c.kind for c in said[1:]), ""], strict=False):
        yield replace(one, deferrable=True) if after in DEFERS else one


def column(definition: ColumnDefinition, place: Place) -> Column:
    """The column without its constraints and its sequence."""
    identity = definition.constraint("identity")
    serial = type_names.is_serial(definition.type)
    refused = identity is not None or definition.constraint("not null") is not None
    generated = definition.constraint("generated")
    kind = type_names.canonical(definition.type, place.snapshot, place.settings)
    text, volatility = _default_of(definition, kind, place.snapshot)
    return Column(
        name=definition.name,
        type=kind,
        not_null=serial or refused,
        default=text,
        default_volatility=volatility,
        identity=identity.identity if identity is not None else "",
        generated=generated.generated if generated is not None else "",
        collation=ident(*definition.collation) or None,
        constrained_domain=is_constrained(kind, place.snapshot),
    )


def _default_of(definition: ColumnDefinition, kind: str, snapshot: Snapshot) -> _Default:
    generated = definition.constraint("generated")
    if generated is not None and generated.expression is not None:
        return expressions.sql(generated.expression), None
    said = definition.constraint("default")
    return default(said.expression if said is not None else None, kind, snapshot)


def default(expression: Expression | None, kind: str, snapshot: Snapshot) -> _Default:
    """The text of a default and its volatility. NULL is none, unless it has to be cast to a
    length or to a domain."""
    if expression is None:
        return None, None
    if expressions.is_null(expressions.without_cast(expression)) and not _cast(kind, snapshot):
        return None, None
    return expressions.sql(expression), default_volatility.volatility(expression, snapshot)


def _cast(kind: str, snapshot: Snapshot) -> bool:
    domains = {t.name for t in snapshot.types if t.kind == "domain"}
    return "(" in kind or any(type_names.str_qualified(name) == kind for name in domains)


def is_constrained(kind: str, snapshot: Snapshot) -> bool:
    """Whether the type is a domain with CHECK or NOT NULL."""
    return any(
        t.constrained and kind in (type_names.str_qualified(t.name), t.name.name)
        for t in snapshot.types
    )


def with_sequence(snapshot: Snapshot, table: Name, definition: ColumnDefinition) -> Snapshot:
    """The sequence of an identity or serial column."""
    identity = definition.constraint("identity") is not None
    if not identity and not type_names.is_serial(definition.type):
        return snapshot
    own = snapshot.require_table(table).require_column(definition.name)
    return put_sequence(snapshot, table, own, identity=identity)


def put_sequence(
    snapshot: Snapshot, table: Name, column: Column, *, identity: bool, name: str = ""
) -> Snapshot:
    """A sequence that the column owns, and, but for an identity, takes its default from."""
    free = name or generated_names.free(snapshot, table, (column.name,), "seq")
    made = schema.Sequence(
        name=Name(table.schema, free),
        type=column.type,
        start=1,
        increment=1,
        minimum=1,
        maximum=2**63 - 1,
        owner_table=table,
        owner_column=column.name,
        identity=identity,
    )
    snapshot = edits.put_sequence(snapshot, made)
    if identity:
        return snapshot
    default = sequences.default(made.name)
    volatile = schema.Volatility.VOLATILE
    return edits.put_column(
        snapshot, table, replace(column, default=default, default_volatility=volatile)
    )
