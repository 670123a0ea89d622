"""Rows of the catalog queries as values of the Snapshot; pure."""

from collections.abc import Mapping
from typing import Any

from zdm.model.catalog.database import ForeignServer, Other, Publication
from zdm.model.schema import (
    Column,
    Constraint,
    Dependent,
    Function,
    Index,
    Name,
    Policy,
    Sequence,
    Table,
    Trigger,
    Type,
    View,
    Volatility,
)
from zdm.postgres.catalog import ddl

Row = Mapping[str, Any]
Rows = Mapping[int, list[Row]]

_KINDS = {"r": "table", "p": "partitioned table", "f": "foreign table"}
_CONSTRAINTS = {
    "c": "check",
    "u": "unique",
    "p": "primary key",
    "f": "foreign key",
    "x": "exclusion",
    "n": "not null",
}
_IDENTITY = {"": "", "a": "always", "d": "by default"}
_GENERATED = {"": "", "s": "stored", "v": "virtual"}
_REPLICA = {"d": "default", "n": "nothing", "f": "full", "i": "index"}
_TYPES = {"e": "enum", "d": "domain", "c": "composite", "r": "range"}
_VOLATILITY = (Volatility.IMMUTABLE, Volatility.STABLE, Volatility.VOLATILE)
_LETTERS = {"i": Volatility.IMMUTABLE, "s": Volatility.STABLE, "v": Volatility.VOLATILE}


def table(row: Row, parts: Mapping[str, Rows]) -> Table:
    """A table with the rows of its parts."""

    def of(name: str) -> list[Row]:
        return parts[name].get(row["oid"], [])

    known = {item["name"]: item for item in of("column_statistics")}
    return Table(
        name=Name(row["schema"], row["name"]),
        kind=_KINDS[row["kind"]],
        columns=tuple(column(item, known.get(item["name"], {})) for item in of("columns")),
        constraints=tuple(constraint(item) for item in of("constraints")),
        indexes=tuple(index(item) for item in of("indexes")),
        triggers=tuple(trigger(item) for item in of("triggers")),
        policies=tuple(policy(item) for item in of("policies")),
        dependents=tuple(dependent(item) for item in of("dependents")),
        **_table_details(row),
    )


def _table_details(row: Row) -> dict[str, Any]:
    parents = tuple(Name(*parent.split(".", 1)) for parent in row["parents"])
    security = "enabled" if row["row_security"] else ""
    return {
        "rules": tuple(row["rules"]),
        "statistics": tuple(row["statistics"]),
        "comment": row["comment"],
        "grants": tuple(row["grants"]),
        "persistence": "unlogged" if row["persistence"] == "u" else "permanent",
        "partition_key": row["partition_key"],
        "partition_of": parents[0] if row["is_partition"] else None,
        "partition_bound": row["partition_bound"],
        "inherits": () if row["is_partition"] else parents,
        "replica_identity": _REPLICA[row["replica_identity"]],
        "row_security": "forced" if row["force_row_security"] and security else security,
        "options": tuple(row["options"]),
        "publications": tuple(row["publications"]),
        "server": row["server"] or "",
        "rows": row["rows"],
        "heap_bytes": row["heap_bytes"],
        "total_bytes": row["total_bytes"],
    }


def column(row: Row, statistics: Row) -> Column:
    """One column; the last ANALYZE may have found nothing of it."""
    volatility = row["volatility"]
    return Column(
        name=row["name"],
        type=row["type"],
        not_null=row["not_null"],
        default=row["default"],
        default_volatility=None if row["default"] is None else _VOLATILITY[volatility or 0],
        identity=_IDENTITY[row["identity"]],
        generated=_GENERATED[row["generated"]],
        collation=row["collation"],
        storage=row["storage"],
        compression=row["compression"],
        statistics=row["statistics"],
        options=tuple(row["options"]),
        foreign_options=tuple(row["foreign_options"]),
        comment=row["comment"],
        grants=tuple(row["grants"]),
        constrained_domain=bool(row["constrained_domain"]),
        null_fraction=statistics.get("null_fraction"),
        average_width=statistics.get("average_width"),
    )


def constraint(row: Row) -> Constraint:
    """One constraint."""
    target = row["references_name"]
    return Constraint(
        name=row["name"],
        kind=_CONSTRAINTS[row["kind"]],
        columns=tuple(row["columns"]),
        definition=row["definition"],
        validated=row["validated"],
        references=None if target is None else Name(row["references_schema"], target),
        referenced_columns=tuple(row["referenced_columns"]),
        index=row["index"],
        comment=row["comment"],
        inherited=row["inherited"],
    )


def index(row: Row) -> Index:
    """One index."""
    return Index(
        name=row["name"],
        definition=row["definition"],
        keys=tuple(row["keys"]),
        columns=tuple(row["columns"]),
        unique=row["unique"],
        valid=row["valid"],
        ready=row["ready"],
        predicate=row["predicate"],
        constraint=row["constraint"],
        comment=row["comment"],
        statistics=tuple(row["statistics"]),
        replica_identity=row["replica_identity"],
        clustered=row["clustered"],
        bytes=row["bytes"],
    )


def trigger(row: Row) -> Trigger:
    """One trigger."""
    return Trigger(
        name=row["name"],
        definition=row["definition"],
        function=Name(row["function_schema"], row["function_name"]),
        enabled=row["enabled"],
        columns=tuple(row["columns"]),
        inherited=row["inherited"],
        comment=row["comment"],
    )


def policy(row: Row) -> Policy:
    """One policy."""
    return Policy(
        name=row["name"],
        definition=row["definition"],
        columns=tuple(row["columns"]),
        comment=row["comment"],
    )


def dependent(row: Row) -> Dependent:
    """What depends on a column."""
    return Dependent(
        column=row["column"], kind=row["kind"], name=row["name"], blocks=row["blocks"]
    )


def view(row: Row) -> View:
    """A view."""
    uses = (tuple(item.split("\x01")) for item in row["uses"])
    return View(
        name=Name(row["schema"], row["name"]),
        kind="view" if row["kind"] == "v" else "materialized view",
        definition=row["definition"],
        columns=tuple(row["columns"]),
        options=tuple(row["options"]),
        indexes=tuple(row["indexes"]),
        triggers=tuple(row["triggers"]),
        rules=tuple(row["rules"]),
        details=tuple(row["details"]),
        grants=tuple(row["grants"]),
        column_grants=_by_column(row["column_grants"]),
        comment=row["comment"],
        uses=tuple((Name(schema, name), column) for schema, name, column in uses),
        rows=row["rows"],
    )


def _by_column(items: list[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Entries of access lists, each behind its column's name, by column."""
    found: dict[str, tuple[str, ...]] = {}
    for column, item in (one.split("\x01") for one in items):
        found[column] = (*found.get(column, ()), item)
    return tuple(found.items())


def sequence(row: Row) -> Sequence:
    """A sequence."""
    owner = row["owner_table"]
    return Sequence(
        name=Name(row["schema"], row["name"]),
        type=row["type"],
        start=row["start"],
        increment=row["increment"],
        minimum=row["minimum"],
        maximum=row["maximum"],
        cache=row["cache"],
        cycle=row["cycle"],
        owner_table=None if owner is None else Name(row["owner_schema"], owner),
        owner_column=row["owner_column"],
        identity=bool(row["identity"]),
        grants=tuple(row["grants"]),
        comment=row["comment"],
    )


def function(row: Row) -> Function:
    """A function or an aggregate."""
    return Function(
        name=Name(row["schema"], row["name"]),
        arguments=row["arguments"],
        definition=row["definition"],
        language=row["language"],
        volatility=_LETTERS[row["volatility"]],
        grants=tuple(row["grants"]),
        comment=row["comment"],
    )


def type(row: Row) -> Type:
    """A type."""
    return Type(
        name=Name(row["schema"], row["name"]),
        kind=_TYPES[row["kind"]],
        definition=row["definition"],
        labels=tuple(row["labels"]),
        constrained=row["kind"] == "d" and row["constrained"],
        grants=tuple(row["grants"]),
        comment=row["comment"],
    )


def publication(row: Row) -> Publication:
    """A publication."""
    return Publication(
        name=row["name"],
        definition=row["definition"],
        all_tables=row["all_tables"],
        schemas=tuple(row["schemas"]),
        comment=row["comment"],
    )


def server(row: Row) -> ForeignServer:
    """A foreign server."""
    return ForeignServer(
        name=row["name"],
        wrapper=row["made_with"],
        grants=tuple(row["grants"]),
        comment=row["comment"],
    )


def other(row: Row) -> Other:
    """An object of a kind that has no list of its own."""
    return Other(
        kind=row["kind"],
        name=row["name"],
        definition=row["definition"],
        comment=row["comment"],
    )


def schema(name: str, grants: tuple[str, ...], comment: str | None) -> Other:
    """What is granted on a schema, and the comment on it."""
    statements = ddl.grants(grants, f"SCHEMA {name}")
    return Other(
        kind="schema",
        name=name,
        definition=";\n".join(statements),
        grants=grants,
        comment=comment,
    )
