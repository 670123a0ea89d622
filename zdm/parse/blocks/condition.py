"""A condition of plpgsql that asks the catalog what is there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from zdm.parse import libpg_query, trees

LONGEST = 63  # bytes of a name, to which the server cuts a constant that is compared with one
_Tree = Mapping[str, Any]


class Means(StrEnum):
    """What a constant means."""

    TEXT = "text"
    RELATION = "relation"  # ::regclass, which fails where there is none
    PERHAPS_RELATION = "to_regclass"
    TYPE = "type"  # ::regtype
    FIRST_SCHEMA = "current_schema"


class Part(StrEnum):
    """A column of a catalog."""

    NAME = "name"
    SCHEMA = "schema"
    TABLE = "table"  # by its name without a schema
    RELATION = "relation"  # by its oid


class Catalog(StrEnum):
    """What a catalog has rows of."""

    CONSTRAINTS = "constraints"
    SHOWN_CONSTRAINTS = "constraints of information_schema"
    COLUMNS = "columns"
    SHOWN_COLUMNS = "columns of information_schema"
    RELATIONS = "relations"
    TABLES = "tables"
    SHOWN_TABLES = "tables and views"
    INDEXES = "indexes"
    TRIGGERS = "triggers"
    POLICIES = "policies"
    TYPES = "types"


_NAMED = {"tablename": Part.TABLE, "schemaname": Part.SCHEMA}
_SHOWN = {"table_name": Part.TABLE, "table_schema": Part.SCHEMA}
_READ: Mapping[tuple[str, str], tuple[Catalog, Mapping[str, Part]]] = {
    ("pg_catalog", "pg_constraint"): (
        Catalog.CONSTRAINTS,
        {"conname": Part.NAME, "conrelid": Part.RELATION},
    ),
    ("pg_catalog", "pg_attribute"): (
        Catalog.COLUMNS,
        {"attname": Part.NAME, "attrelid": Part.RELATION},
    ),
    ("pg_catalog", "pg_class"): (Catalog.RELATIONS, {"relname": Part.NAME}),
    ("pg_catalog", "pg_indexes"): (Catalog.INDEXES, {"indexname": Part.NAME, **_NAMED}),
    ("pg_catalog", "pg_tables"): (Catalog.TABLES, _NAMED),
    ("pg_catalog", "pg_trigger"): (
        Catalog.TRIGGERS,
        {"tgname": Part.NAME, "tgrelid": Part.RELATION},
    ),
    ("pg_catalog", "pg_policies"): (Catalog.POLICIES, {"policyname": Part.NAME, **_NAMED}),
    ("pg_catalog", "pg_type"): (Catalog.TYPES, {"typname": Part.NAME}),
    ("information_schema", "table_constraints"): (
        Catalog.SHOWN_CONSTRAINTS,
        {"constraint_name": Part.NAME, **_SHOWN},
    ),
    ("information_schema", "columns"): (
        Catalog.SHOWN_COLUMNS,
        {"column_name": Part.NAME, **_SHOWN},
    ),
    ("information_schema", "tables"): (Catalog.SHOWN_TABLES, _SHOWN),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A column of the catalog and what it must equal."""

    part: Part
    means: Means
    text: str = ""


@dataclass(frozen=True, slots=True)
class Exists:
    """EXISTS of a row of a catalog."""

    catalog: Catalog
    wanted: tuple[Wanted, ...]


class Operator(StrEnum):
    """How conditions are joined."""

    AND = "AND_EXPR"
    OR = "OR_EXPR"
    NOT = "NOT_EXPR"


@dataclass(frozen=True, slots=True)
class Joined:
    """AND, OR or NOT."""

    operator: Operator
    parts: "tuple[Condition, ...]"


Condition = Exists | Joined
_OF_SELECT = {"targetList", "fromClause", "whereClause", "limitOption", "op"}


def read(text: str) -> Condition | None:
    """The condition; None where it asks for anything else."""
    try:
        (parsed,) = libpg_query.statements(f"SELECT {text}".encode())
    except (libpg_query.NotSqlError, ValueError):
        return None
    targets = parsed.tree.get("targetList", ())
    if parsed.node != "SelectStmt" or len(targets) != 1:
        return None
    return _of(targets[0]["ResTarget"]["val"])


def _of(tree: _Tree) -> Condition | None:
    match tree:
        case {"BoolExpr": {"boolop": operator, "args": args}}:
            parts = [_of(one) for one in args]
            known = tuple(part for part in parts if part is not None)
            return Joined(Operator(operator), known) if len(known) == len(parts) else None
        case {"SubLink": {"subLinkType": "EXISTS_SUBLINK", "subselect": select}}:
            return _exists(select["SelectStmt"])
    return None


def _exists(select: _Tree) -> Exists | None:
    tables = select.get("fromClause", ())
    if not select.keys() <= _OF_SELECT or len(tables) != 1 or _counts(select):
        return None
    named = tables[0].get("RangeVar", {})
    schema, name = named.get("schemaname", "pg_catalog"), named.get("relname", "")
    if (schema, name) not in _READ or select.get("op") != "SETOP_NONE":
        return None
    catalog, parts = _READ[schema, name]
    try:
        tests = [(parts[column], *value) for column, value in _tests(select["whereClause"])]
    except (KeyError, ValueError):
        return None
    return Exists(catalog, tuple(Wanted(*test) for test in tests))


def _counts(select: _Tree) -> bool:
    """Whether it has a row whatever there is: count(*)."""
    return bool(trees.functions({"targets": select.get("targetList", [])}))


def _tests(where: _Tree) -> Iterator[tuple[str, tuple[Means, str]]]:
    """Each column, and what it must equal."""
    match where:
        case {"BoolExpr": {"boolop": "AND_EXPR", "args": args}}:
            for one in args:
                yield from _tests(one)
        case {"BoolExpr": {"boolop": "NOT_EXPR", "args": [{"ColumnRef": {"fields": fields}}]}}:
            if trees.strings(fields)[-1] != "attisdropped":
                raise ValueError
        case {"A_Expr": {"kind": "AEXPR_OP", "name": [{"String": {"sval": "="}}]}} as test:
            left, right = test["A_Expr"]["lexpr"], test["A_Expr"]["rexpr"]
            yield trees.strings(left["ColumnRef"]["fields"])[-1], _value(right)
        case _:
            raise ValueError


def _value(tree: _Tree) -> tuple[Means, str]:
    match tree:
        case {"A_Const": {"sval": {"sval": text}}}:
            return Means.TEXT, text
        case {"TypeCast": {"arg": arg, "typeName": {"names": names}}}:
            kind = trees.strings(names)[-1]
            means, text = _value(arg)
            if means is Means.TEXT and kind in _CASTS and len(text.encode()) <= LONGEST:
                return _CASTS[kind], text
        case {"FuncCall": {"funcname": names}}:
            return _called(trees.strings(names)[-1], tree["FuncCall"].get("args", ()))
        case {"SQLValueFunction": {"op": "SVFOP_CURRENT_SCHEMA"}}:
            return Means.FIRST_SCHEMA, ""
    raise ValueError


_CASTS = {
    **dict.fromkeys(("text", "name", "varchar", "sql_identifier"), Means.TEXT),
    "regclass": Means.RELATION,
    "regtype": Means.TYPE,
}


def _called(name: str, args: Sequence[_Tree]) -> tuple[Means, str]:
    if name == "current_schema" and not args:
        return Means.FIRST_SCHEMA, ""
    if name == "to_regclass" and len(args) == 1:
        means, text = _value(args[0])
        if means is Means.TEXT:
            return Means.PERHAPS_RELATION, text
    raise ValueError
