"""Whole-tree comparison, and small edits and readings of libpg_query's JSON trees.

Two texts are equal when their whole trees are, after removing positions only. Nothing else
is normalised, and libpg_query's fingerprint is never used: it is equal for DEFAULT 1 and
DEFAULT 2.
"""

import functools
import importlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zdm.errors import ZdmError
from zdm.model.sql import literal
from zdm.parse import libpg_query

POSITIONS = frozenset(
    {
        "location",
        "name_location",
        "stmt_location",
        "stmt_len",
        "list_start",
        "list_end",
        "rexpr_list_start",
        "rexpr_list_end",
    }
)
_BRANCHES = (dict, list)


def strip(tree: Any) -> Any:
    """The tree without its positions."""
    if isinstance(tree, dict):  # by far the most calls of all: leaves are not worth one
        return {
            key: strip(value) if isinstance(value, _BRANCHES) else value
            for key, value in tree.items()
            if key not in POSITIONS
        }
    return [strip(item) for item in tree] if isinstance(tree, list) else tree


def same(one: Any, other: Any) -> bool:
    """Whether two trees say the same."""
    return bool(strip(one) == strip(other))


def walk(tree: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every node below `tree`, as (key, dict), parents first; no nesting is too deep for it."""
    left: list[tuple[str, Any]] = [("", tree)]
    while left:
        key, node = left.pop()
        if isinstance(node, dict):
            if key:
                yield key, node
            left.extend(reversed(list(node.items())))
        elif isinstance(node, list):
            left.extend(("", item) for item in reversed(node))


def deeper(tree: Any, limit: int) -> bool:
    """Whether the tree is nested deeper than that: what recurses must not be given it."""
    level = [tree]
    for _ in range(limit):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: Any) -> Iterable[Any]:
    values = node.values() if isinstance(node, dict) else node
    return [value for value in values if isinstance(value, (dict, list))]


def strings(nodes: Any) -> tuple[str, ...]:
    """The texts of a list of String nodes; other nodes are left out."""
    return tuple(
        item["String"].get("sval", "")
        for item in nodes or ()
        if isinstance(item, Mapping) and "String" in item
    )


def columns(tree: Any) -> tuple[str, ...]:
    """Names of the columns that an expression mentions, without qualifiers, sorted."""
    found = set()
    for key, node in walk({"root": tree}):
        if key == "ColumnRef":
            parts = strings(node.get("fields"))
            if parts:
                found.add(parts[-1])
    return tuple(sorted(found))


def functions(tree: Any) -> tuple[tuple[str, ...], ...]:
    """Names, as written, of the functions that an expression calls."""
    calls = (node for key, node in walk({"root": tree}) if key == "FuncCall")
    return tuple(strings(node.get("funcname")) for node in calls)


def rename_column(tree: Any, old: str, new: str) -> Any:
    """The tree with every unqualified or qualified reference to column `old` renamed."""
    match tree:
        case Mapping():
            renamed = {key: rename_column(value, old, new) for key, value in tree.items()}
            if "ColumnRef" in renamed:
                fields = list(renamed["ColumnRef"].get("fields", []))
                if fields and strings(fields[-1:]) == (old,):
                    fields[-1] = {"String": {"sval": new}}
                    renamed["ColumnRef"] = {**renamed["ColumnRef"], "fields": fields}
            if "IndexElem" in renamed and renamed["IndexElem"].get("name") == old:
                renamed["IndexElem"] = {**renamed["IndexElem"], "name": new}
            return renamed
        case list():
            return [rename_column(item, old, new) for item in tree]
        case _:
            return tree


def deparse(node: str, tree: Mapping[str, Any]) -> str:
    """A whole statement as text that reads back as the same tree."""
    return _deparsed(node, json.dumps(strip(tree)))


@functools.lru_cache(maxsize=1024)
def _deparsed(node: str, written: str) -> str:
    """The protobuf reader is slow, and the same expression is written at several places."""
    # generated stubs that mypy cannot read, and 0.25 s to import: reached by name
    postgast = importlib.import_module("postgast")
    json_format = importlib.import_module("google.protobuf.json_format")
    failures = (json_format.ParseError, postgast.PgQueryError, RecursionError, ValueError)
    meant = json.loads(written)
    whole = {"version": 180004, "stmts": [{"stmt": {node: meant}}]}
    try:
        message = json_format.ParseDict(whole, postgast.pg_query_pb2.ParseResult())
        text: str = postgast.deparse(message)
    except failures as error:
        raise ZdmError(f"a {node} could not be written as SQL: {error}") from error
    _prove(text, node, meant)
    return text


def _prove(text: str, node: str, meant: Mapping[str, Any]) -> None:
    parsed = libpg_query.statements(text.encode())
    if len(parsed) != 1 or parsed[0].node != node or strip(parsed[0].tree) != meant:
        raise ZdmError(f"a {node} written as SQL reads back as another statement: {text}")


def _select(target: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "targetList": [{"ResTarget": {"val": target}}],
        "limitOption": "LIMIT_OPTION_DEFAULT",
        "op": "SETOP_NONE",
    }


def expression_sql(node: Mapping[str, Any]) -> str:
    """An expression as text, cut from a SELECT with it as the only target, and proved."""
    return (
        _constant(node) or deparse("SelectStmt", _select(node)).removeprefix("SELECT ").strip()
    )


def _constant(node: Mapping[str, Any]) -> str:
    """A plain constant as deparse writes it; empty for all else."""
    match node:
        case {"A_Const": {"ival": {**value}}}:
            return str(value.get("ival", 0))
        case {"A_Const": {"boolval": {**value}}}:
            return "true" if value.get("boolval") else "false"
        case {"A_Const": {"isnull": True}}:
            return "NULL"
        case {"A_Const": {"sval": {**value}}}:
            text = str(value.get("sval", ""))
            return "" if {"'", "\\"} & {*text} else f"'{text}'"
    return ""


def type_sql(type_name: Mapping[str, Any]) -> str:
    """A TypeName node as text."""
    cast = {"TypeCast": {"arg": {"A_Const": {"isnull": True}}, "typeName": dict(type_name)}}
    text = expression_sql(cast)
    if "::" in text:
        return text.partition("::")[2]
    return text.removeprefix("CAST(NULL AS ").removesuffix(")")


def expression(text: str) -> dict[str, Any]:
    """The node of one expression; raises NotSqlError where it is anything else."""
    parsed = libpg_query.statements(b"SELECT " + text.encode())
    if len(parsed) == 1 and parsed[0].node == "SelectStmt":
        targets = parsed[0].tree.get("targetList", [])
        if len(targets) == 1 and set(targets[0]["ResTarget"]) <= {"val", "location"}:
            value: dict[str, Any] = targets[0]["ResTarget"]["val"]
            if {**parsed[0].tree, "targetList": []} == {**_select(value), "targetList": []}:
                return value
    raise libpg_query.NotSqlError(f"`{text}` is not one expression", 0)


def type_name(text: str) -> dict[str, Any]:
    """The TypeName node of one type's name; raises NotSqlError where it is anything else."""
    value = expression(f"CAST(NULL AS {text})")
    cast = value.get("TypeCast", {})
    if set(cast) <= {"arg", "typeName", "location"} and "isnull" in cast["arg"].get(
        "A_Const", {}
    ):
        found: dict[str, Any] = cast["typeName"]
        return found
    raise libpg_query.NotSqlError(f"`{text}` is not one type", 0)


def _params(tree: Any) -> list[tuple[int, int]]:
    found = [
        (node.get("location", 0), node.get("number", 0))
        for key, node in walk(tree)
        if key == "ParamRef"
    ]
    return sorted(found, reverse=True)


def _replace_params(tree: Any, values: tuple[str | None, ...]) -> Any:
    match tree:
        case Mapping():
            if set(tree) == {"ParamRef"}:
                value = values[tree["ParamRef"].get("number", 0) - 1]
                constant = {"isnull": True} if value is None else {"sval": {"sval": value}}
                return {"A_Const": constant}
            return {key: _replace_params(value, values) for key, value in tree.items()}
        case list():
            return [_replace_params(item, values) for item in tree]
        case _:
            return tree


def inline(sql: str, parameters: tuple[str | None, ...]) -> str:
    """One statement with $1 … replaced by constants, proved by its tree."""
    data = sql.encode()
    (parsed,) = libpg_query.statements(data)
    if any(not 0 < number <= len(parameters) for _, number in _params(parsed.tree)):
        raise ZdmError(f"a statement has fewer parameters than it names: {json.dumps(sql)}")
    text = data
    for location, number in _params(parsed.tree):
        value = parameters[number - 1]
        constant = "NULL" if value is None else literal(value).strip()
        end = location + 1 + len(str(number))
        text = text[:location] + f" {constant}".encode() + text[end:]
    expected = _replace_params(strip(parsed.tree), parameters)
    (written,) = libpg_query.statements(text)
    if strip(written.tree) != expected:
        raise ZdmError(
            "a statement with its parameters written out reads back as another: "
            + json.dumps(text.decode())
        )
    return text.decode()
