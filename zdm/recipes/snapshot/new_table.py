"""The Table that a CREATE TABLE makes, as far as its tree says.

It is what later statements of the train are recognised on, and what names are taken by it, so
names are chosen as PostgreSQL does (manual, CREATE TABLE); texts of checks and defaults are
the author's. The truth about the result is asked from a server by `zdm verify`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from zdm.model.schema import Column, Constraint, Index, Name, Sequence, Snapshot, Table
from zdm.model.statement import Setting
from zdm.parse import trees
from zdm.recipes.reading import statements
from zdm.recipes.snapshot import edits
from zdm.recipes.sql import generated_names
from zdm.recipes.sql.expressions import Node
from zdm.recipes.type import names

_KINDS = {
    "CONSTR_PRIMARY": ("primary key", "pkey"),
    "CONSTR_UNIQUE": ("unique", "key"),
    "CONSTR_FOREIGN": ("foreign key", "fkey"),
    "CONSTR_CHECK": ("check", "check"),
    "CONSTR_EXCLUSION": ("exclusion", "excl"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a tree is read with."""

    snapshot: Snapshot
    settings: tuple[Setting, ...]


def after(tree: Mapping[str, Any], place: Place) -> Snapshot:
    """The Snapshot with the table that a CreateStmt makes, and its sequences."""
    name = statements.made(tree["relation"], place.snapshot, place.settings)
    elements: list[Node] = tree.get("tableElts", [])
    likes = [e["TableLikeClause"]["relation"] for e in elements if "TableLikeClause" in e]
    parents = [p["RangeVar"] for p in tree.get("inhRelations", [])]
    columns = [c for node in (*parents, *likes) for c in _columns_of(node, place)]
    definitions = [e["ColumnDef"] for e in elements if "ColumnDef" in e]
    columns += [_column(d, place) for d in definitions]
    bound = "partbound" in tree
    table = Table(
        name=name,
        kind="partitioned table" if "partspec" in tree else "table",
        columns=tuple({c.name: c for c in columns}.values()),
        partition_key="…" if "partspec" in tree else None,
        partition_of=statements.found(parents[0], place.snapshot, place.settings)
        if bound
        else None,
        inherits=()
        if bound
        else tuple(statements.found(p, place.snapshot, place.settings) for p in parents),
        persistence="unlogged"
        if tree["relation"].get("relpersistence") == "u"
        else "permanent",
        created=True,
    )
    snapshot = edits.put_table(place.snapshot, table)
    snapshot = _sequences(snapshot, name, definitions, place)
    for constraint, columns_of in _constraints(elements):
        snapshot = add_constraint(snapshot, name, constraint, columns_of)
    return snapshot


def add_constraint(
    snapshot: Snapshot, table: Name, node: Mapping[str, Any], columns: tuple[str, ...]
) -> Snapshot:
    """The table with a constraint, and its index; NOT NULL where a primary key says so."""
    if node.get("contype") not in _KINDS:
        return snapshot
    kind, label = _KINDS[node["contype"]]
    taken = generated_names.taken(snapshot, table.schema)
    chosen_from = () if kind == "primary key" else columns
    name = node.get("conname") or generated_names.chosen(table, chosen_from, label, taken)
    indexed = kind in ("primary key", "unique", "exclusion")
    parent = node.get("pktable")
    constraint = Constraint(
        name=name,
        kind=kind,
        columns=columns,
        definition=kind.upper(),
        validated=not node.get("skip_validation", False),
        references=statements.found(parent, snapshot, ()) if parent else None,
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


def column_after(snapshot: Snapshot, table: Name, definition: Node) -> Snapshot:
    """The table with a column that ADD COLUMN gives it, and its inline constraints."""
    place = Place(snapshot=snapshot, settings=())
    snapshot = edits.put_column(snapshot, table, _column(definition, place))
    snapshot = _sequences(snapshot, table, [definition], place)
    for node, columns in _constraints([{"ColumnDef": definition}]):
        snapshot = add_constraint(snapshot, table, node, columns)
    return snapshot


def keys_of(node: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that a table constraint is about."""
    if "raw_expr" in node:
        return trees.columns(node["raw_expr"])
    excluded = [item["List"]["items"][0]["IndexElem"] for item in node.get("exclusions", [])]
    if excluded:
        return tuple(element["name"] for element in excluded if "name" in element)
    return trees.strings(node.get("keys") or node.get("fk_attrs"))


def _constraints(elements: list[Node]) -> Iterator[tuple[Node, tuple[str, ...]]]:
    for element in elements:
        definition = element.get("ColumnDef")
        if definition is not None:
            for item in definition.get("constraints", []):
                yield item["Constraint"], (definition["colname"],)
        elif "Constraint" in element:
            yield element["Constraint"], keys_of(element["Constraint"])


def _columns_of(node: Mapping[str, Any], place: Place) -> tuple[Column, ...]:
    table = place.snapshot.table(statements.found(node, place.snapshot, place.settings))
    return table.columns if table is not None else ()


def _column(definition: Node, place: Place) -> Column:
    constraints = [item["Constraint"] for item in definition.get("constraints", [])]
    kinds = {c["contype"]: c for c in constraints}
    serial = names.is_serial(definition["typeName"])
    default = kinds.get("CONSTR_DEFAULT", {}).get("raw_expr")
    identity = kinds.get("CONSTR_IDENTITY", {}).get("generated_when", "")
    generated = kinds.get("CONSTR_GENERATED")
    return Column(
        name=definition["colname"],
        type=names.canonical(definition["typeName"], place.snapshot, place.settings),
        not_null=serial or bool(kinds.keys() & {"CONSTR_NOTNULL", "CONSTR_IDENTITY"}),
        default=trees.expression_sql(default) if default else None,
        identity={"a": "always", "d": "by default"}.get(identity, ""),
        generated="" if generated is None else "stored",
    )


def _sequences(
    snapshot: Snapshot, table: Name, definitions: list[Node], place: Place
) -> Snapshot:
    for definition in definitions:
        constraints = [item["Constraint"] for item in definition.get("constraints", [])]
        identity = any(c["contype"] == "CONSTR_IDENTITY" for c in constraints)
        if not identity and not names.is_serial(definition["typeName"]):
            continue
        column = definition["colname"]
        taken = generated_names.taken(snapshot, table.schema)
        sequence = Sequence(
            name=Name(table.schema, generated_names.chosen(table, (column,), "seq", taken)),
            type=names.canonical(definition["typeName"], snapshot, place.settings),
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
