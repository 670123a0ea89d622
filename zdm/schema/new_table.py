"""The Table that a CREATE TABLE makes, as far as the statement says.

It is what later statements of the train are recognised on, and what names are taken by it, so
names are chosen as PostgreSQL does (manual, CREATE TABLE); texts of checks and defaults are
the author's. The truth about the result is asked from a server by `zdm verify`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from zdm.model import schema
from zdm.model.expression import Expression
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table
from zdm.model.sql import ident, literal
from zdm.model.statement import Setting
from zdm.model.syntax import (
    ColumnDefinition,
    ConstraintDefinition,
    CreateTable,
    Like,
    RelationName,
)
from zdm.parse import expressions, rewrite
from zdm.schema import default_volatility, edits, generated_names, lookup, type_names

_NAMED_NOT_NULL = 18  # the first version in which NOT NULL is a constraint with a name
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
        """The table that the statement names."""
        return lookup.found(relation, self.snapshot, self.settings)


def after(says: CreateTable, place: Place) -> Snapshot:
    """The Snapshot with the table that a CREATE TABLE makes, and its sequences."""
    name = lookup.made(says.table, place.snapshot, place.settings)
    columns = [c for parent in says.parents for c in _columns_of(parent, place)]
    columns += [
        _like(c, like) for like in says.likes for c in _columns_of(like.relation, place)
    ]
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
        opaque=bool(parents or any(like.including for like in says.likes)),
    )
    snapshot = edits.put_table(place.snapshot, table)
    snapshot = _sequences(snapshot, name, says.columns, place)
    for column in table.columns:
        if column.not_null:
            snapshot = _not_null_constraint(snapshot, name, column.name, says.columns)
    for constraint, columns_of in _constraints(says.elements):
        snapshot = add_constraint(snapshot, name, constraint, columns_of, place.settings)
    return snapshot


def add_constraint(
    snapshot: Snapshot,
    table: Name,
    says: ConstraintDefinition,
    columns: tuple[str, ...],
    settings: tuple[Setting, ...] = (),
) -> Snapshot:
    """The table with a constraint, and its index; NOT NULL where a primary key says so."""
    kind = says.kind
    if kind == "not null" and says.columns:
        return not_null(snapshot, table, columns, name=says.name, valid=not says.not_valid)
    if kind not in _LABELS or says.using_index:
        return _using_index(snapshot, table, says) if says.using_index else snapshot
    taken = generated_names.taken(snapshot, table.schema)
    chosen_from = () if kind == "primary key" else columns
    name = says.name or generated_names.chosen(table, chosen_from, _LABELS[kind], taken)
    indexed = kind in ("primary key", "unique", "exclusion")
    parent = says.references
    constraint = Constraint(
        name=name,
        kind=kind,
        columns=columns,
        definition=_definition(snapshot, table, says, columns),
        validated=not says.not_valid,
        references=lookup.found(parent, snapshot, settings) if parent is not None else None,
        referenced_columns=says.referenced_columns,
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
        snapshot = not_null(snapshot, table, columns)
    return snapshot


def _using_index(snapshot: Snapshot, table: Name, says: ConstraintDefinition) -> Snapshot:
    """The index becomes the constraint's, and gets its name."""
    found = snapshot.require_table(table)
    index = next((i for i in found.indexes if i.name == says.using_index), None)
    if index is None:
        return snapshot
    name = says.name or index.name
    columns = tuple(k for k in index.keys if k is not None)
    constraint = Constraint(
        name=name,
        kind=says.kind,
        columns=columns,
        definition=f"{says.kind.upper()} ({', '.join(map(ident, columns))})",
        index=name,
    )
    snapshot = edits.drop_index(snapshot, table, index.name)
    snapshot = edits.put_index(snapshot, table, replace(index, name=name, constraint=name))
    snapshot = edits.put_constraint(snapshot, table, constraint)
    return not_null(snapshot, table, columns) if says.kind == "primary key" else snapshot


def _definition(
    snapshot: Snapshot, table: Name, says: ConstraintDefinition, columns: tuple[str, ...]
) -> str:
    """Its text; on a table of this train nothing asks for it."""
    if snapshot.require_table(table).created:
        return ""
    return rewrite.constraint_definition(says, columns)


def column_after(
    snapshot: Snapshot,
    table: Name,
    definition: ColumnDefinition,
    settings: tuple[Setting, ...] = (),
) -> Snapshot:
    """The table with a column that ADD COLUMN gives it, and its inline constraints."""
    place = Place(snapshot=snapshot, settings=settings)
    column = _column(definition, place)
    snapshot = edits.put_column(snapshot, table, column)
    snapshot = _sequences(snapshot, table, (definition,), place)
    if column.not_null:
        snapshot = _not_null_constraint(snapshot, table, column.name, (definition,))
    for constraint, columns in _constraints((definition,)):
        snapshot = add_constraint(snapshot, table, constraint, columns, settings)
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
    generated = definition.constraint("generated")
    kind = type_names.canonical(definition.type, place.snapshot, place.settings)
    said = generated or default
    return Column(
        name=definition.name,
        type=kind,
        not_null=serial or refused,
        default=_default(said.expression) if said is not None else None,
        default_volatility=_volatility(default, place.snapshot),
        identity=identity.identity if identity is not None else "",
        generated=generated.generated if generated is not None else "",
        constrained_domain=is_constrained(kind, place.snapshot),
    )


def _default(expression: Expression | None) -> str | None:
    """Its text; DEFAULT NULL is none."""
    if expression is None or expressions.is_null(expressions.without_cast(expression)):
        return None
    return expressions.sql(expression)


def _volatility(
    default: ConstraintDefinition | None, snapshot: Snapshot
) -> schema.Volatility | None:
    if default is None or default.expression is None:
        return None
    return default_volatility.volatility(default.expression, snapshot)


def is_constrained(kind: str, snapshot: Snapshot) -> bool:
    """Whether the type is a domain with CHECK or NOT NULL."""
    return any(
        t.constrained and kind in (type_names.str_qualified(t.name), t.name.name)
        for t in snapshot.types
    )


def _like(column: Column, like: Like) -> Column:
    """LIKE takes name, type and NOT NULL; the rest only where INCLUDING names it (CREATE
    TABLE in the manual)."""
    bare = Column(
        name=column.name,
        type=column.type,
        not_null=column.not_null,
        constrained_domain=column.constrained_domain,
    )
    if "defaults" in like.including and not column.generated:
        bare = replace(bare, default=column.default)
    if "generated" in like.including and column.generated:
        bare = replace(bare, default=column.default, generated=column.generated)
    if "identity" in like.including:
        bare = replace(bare, identity=column.identity)
    return bare


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
        if not identity:
            snapshot = _serial(snapshot, table, column, sequence.name)
    return snapshot


def _serial(snapshot: Snapshot, table: Name, column: str, sequence: Name) -> Snapshot:
    """The column with the default that serial gives it."""
    changed = replace(
        snapshot.require_table(table).require_column(column),
        default=f"nextval({literal(sequence.sql)}::regclass)",
        default_volatility=schema.Volatility.VOLATILE,
    )
    return edits.put_column(snapshot, table, changed)


def not_null(
    snapshot: Snapshot,
    table: Name,
    columns: tuple[str, ...],
    *,
    name: str = "",
    valid: bool = True,
) -> Snapshot:
    """The columns NOT NULL, each with its constraint from PostgreSQL 18 on."""
    for column in snapshot.require_table(table).columns:
        if column.name in columns:
            changed = replace(column, not_null=valid or column.not_null)
            snapshot = edits.put_column(snapshot, table, changed)
            snapshot = _put_not_null(snapshot, table, column.name, name, valid=valid)
    return snapshot


def nullable(snapshot: Snapshot, table: Name, column: str) -> Snapshot:
    """The column without NOT NULL."""
    found = snapshot.require_table(table)
    kept = tuple(c for c in found.constraints if c.kind != "not null" or c.columns != (column,))
    snapshot = edits.put_table(snapshot, replace(found, constraints=kept))
    changed = replace(found.require_column(column), not_null=False)
    return edits.put_column(snapshot, table, changed)


def _not_null_constraint(
    snapshot: Snapshot, table: Name, column: str, definitions: Sequence[ColumnDefinition]
) -> Snapshot:
    """The constraint of a column that is made NOT NULL, under the author's name if it has
    one."""
    own = next((d for d in definitions if d.name == column), None)
    said = own.constraint("not null") if own is not None else None
    return _put_not_null(snapshot, table, column, said.name if said else "", valid=True)


def _put_not_null(
    snapshot: Snapshot, table: Name, column: str, name: str, *, valid: bool
) -> Snapshot:
    """A constraint of its own from PostgreSQL 18 on (release notes 18)."""
    if snapshot.major < _NAMED_NOT_NULL:
        return snapshot
    there = snapshot.require_table(table).constraints
    old = next((c for c in there if c.kind == "not null" and c.columns == (column,)), None)
    if old is not None:
        changed = replace(old, validated=old.validated or valid)
        return edits.put_constraint(snapshot, table, changed)
    taken = generated_names.taken(snapshot, table.schema)
    constraint = Constraint(
        name=name or generated_names.chosen(table, (column,), "not_null", taken),
        kind="not null",
        columns=(column,),
        definition=f"NOT NULL {ident(column)}",
        validated=valid,
    )
    return edits.put_constraint(snapshot, table, constraint)
