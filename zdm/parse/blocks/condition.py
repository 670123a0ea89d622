"""A condition of plpgsql that asks the catalog what is there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from zdm.parse import libpg_query, trees

_Tree = Mapping[str, Any]


class Means(StrEnum):
    """What a constant stands for."""

    TEXT = "text"
    RELATION = "relation"  # ::regclass, which fails where there is none
    PERHAPS_RELATION = "to_regclass"
    TYPE = "type"  # ::regtype
    FIRST_SCHEMA = "current_schema"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A column of the catalog and what it must equal."""

    column: str
    means: Means
    text: str = ""


@dataclass(frozen=True, slots=True)
class Exists:
    """EXISTS of a row of a catalog; `schema` as written."""

    schema: str
    catalog: str
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """AND, OR or NOT."""

    operator: str  # AND_EXPR, OR_EXPR, NOT_EXPR
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
            return Joined(operator, known) if len(known) == len(parts) else None
        case {"SubLink": {"subLinkType": "EXISTS_SUBLINK", "subselect": select}}:
            return _exists(select["SelectStmt"])
    return None


def _exists(select: _Tree) -> Exists | None:
    tables = select.get("fromClause", ())
    if not select.keys() <= _OF_SELECT or len(tables) != 1 or _counts(select):
        return None
    catalog = tables[0].get("RangeVar")
    if catalog is None or select.get("op") != "SETOP_NONE":
        return None
    try:
        wanted = tuple(_tests(select.get("whereClause", {})))
    except ValueError:
        return None
    return Exists(
        schema=catalog.get("schemaname", ""), catalog=catalog["relname"], wanted=wanted
    )


def _counts(select: _Tree) -> bool:
    """Whether it has a row whatever there is: count(*)."""
    return bool(trees.functions({"targets": select.get("targetList", [])}))


def _tests(where: _Tree) -> Iterator[Wanted]:
    match where:
        case {"BoolExpr": {"boolop": "AND_EXPR", "args": args}}:
            for one in args:
                yield from _tests(one)
        case {"BoolExpr": {"boolop": "NOT_EXPR", "args": [{"ColumnRef": {"fields": fields}}]}}:
            if trees.strings(fields)[-1] != "attisdropped":
                raise ValueError
        case {"A_Expr": {"kind": "AEXPR_OP", "name": [{"String": {"sval": "="}}]}} as test:
            yield _equal(test["A_Expr"]["lexpr"], test["A_Expr"]["rexpr"])
        case _:
            raise ValueError


def _equal(left: _Tree, right: _Tree) -> Wanted:
    match left:
        case {"ColumnRef": {"fields": fields}}:
            means, text = _value(right)
            return Wanted(trees.strings(fields)[-1], means, text)
    raise ValueError


def _value(tree: _Tree) -> tuple[Means, str]:
    match tree:
        case {"A_Const": {"sval": {"sval": text}}}:
            return Means.TEXT, text
        case {"TypeCast": {"arg": arg, "typeName": {"names": names}}}:
            kind = trees.strings(names)[-1]
            means, text = _value(arg)
            if means is Means.TEXT and kind in _CASTS:
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
