"""A condition of plpgsql that asks the catalog what is there."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

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
    TYPE = "type"  # by its oid


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
    OWN_COLUMNS = "columns, without those of the server"
    SCHEMAS = "schemas"
    LABELS = "labels of enums"
    NAMED = "what to_regclass finds"


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
    ("pg_catalog", "pg_namespace"): (Catalog.SCHEMAS, {"nspname": Part.NAME}),
    ("pg_catalog", "pg_enum"): (
        Catalog.LABELS,
        {"enumlabel": Part.NAME, "enumtypid": Part.TYPE, "typname": Part.TABLE},
    ),
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


class Wanted(Struct, frozen=True):
    """A column of the catalog and what it must equal."""

    part: Part
    means: Means
    text: str = ""


class Exists(Struct, frozen=True):
    """EXISTS of a row of a catalog."""

    catalog: Catalog
    wanted: tuple[Wanted, ...]


class Operator(StrEnum):
    """How conditions are joined."""

    AND = "AND_EXPR"
    OR = "OR_EXPR"
    NOT = "NOT_EXPR"


class Joined(Struct, frozen=True):
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
        case {"NullTest": {"arg": {"FuncCall": call}, "nulltesttype": how}}:
            return _named(call, found=how == "IS_NOT_NULL")
    return None


def _named(call: _Tree, *, found: bool) -> Condition | None:
    try:
        means, text = _called(trees.strings(call["funcname"])[-1], call.get("args", ()))
    except ValueError:
        return None
    if means is not Means.PERHAPS_RELATION:
        return None
    there = Exists(Catalog.NAMED, (Wanted(Part.RELATION, means, text),))
    return there if found else Joined(Operator.NOT, (there,))


def _exists(select: _Tree) -> Exists | None:
    tables = select.get("fromClause", ())
    if not select.keys() <= _OF_SELECT or len(tables) != 1 or _counts(select):
        return None
    named = _of_labels(tables[0]) or tables[0].get("RangeVar", {})
    schema, name = named.get("schemaname", "pg_catalog"), named.get("relname", "")
    if (schema, name) not in _READ or select.get("op") != "SETOP_NONE":
        return None
    catalog, parts = _READ[schema, name]
    try:
        tests = [(parts[column], *value) for column, value in _tests(select["whereClause"])]
    except (KeyError, ValueError):
        return None
    if any((part is Part.TYPE) is not (means is Means.TYPE) for part, means, _ in tests):
        return None
    if catalog is Catalog.LABELS and ("JoinExpr" in tables[0]) is not any(
        test[0] is Part.TABLE for test in tests
    ):
        return None
    if catalog is Catalog.COLUMNS and _leaves_out_system(select["whereClause"]):
        catalog = Catalog.OWN_COLUMNS
    return Exists(catalog, tuple(Wanted(*test) for test in tests))


def _of_labels(tree: _Tree) -> _Tree | None:
    """pg_enum, where pg_type is joined to it by the type's oid."""
    match tree:
        case {
            "JoinExpr": {
                "jointype": "JOIN_INNER",
                "larg": {"RangeVar": one},
                "rarg": {"RangeVar": other},
                "quals": {"A_Expr": {"name": [{"String": {"sval": "="}}]} as same},
            }
        }:
            sides = (same["lexpr"].get("ColumnRef", {}), same["rexpr"].get("ColumnRef", {}))
            by = {trees.strings(side.get("fields"))[-1:] for side in sides}
            tables = {table["relname"]: table for table in (one, other)}
            plain = {table.get("schemaname", "pg_catalog") for table in (one, other)}
            if plain != {"pg_catalog"}:
                return None
            if by == {("oid",), ("enumtypid",)} and tables.keys() == {"pg_enum", "pg_type"}:
                found: _Tree = tables["pg_enum"]
                return found
    return None


def _leaves_out_system(where: _Tree) -> bool:
    return any(_is_own({key: node}) for key, node in trees.walk({"root": where}))


def _is_own(tree: _Tree) -> bool:
    """Whether it is attnum > 0."""
    match tree:
        case {
            "A_Expr": {
                "name": [{"String": {"sval": ">"}}],
                "lexpr": {"ColumnRef": {"fields": fields}},
                "rexpr": {"A_Const": {"ival": value}},
            }
        }:
            return trees.strings(fields)[-1] == "attnum" and not value
    return False


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
        case {"A_Expr": _} if _is_own(where):
            pass
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
