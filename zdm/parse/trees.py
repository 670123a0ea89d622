"""Whole-tree comparison, and small edits and readings of libpg_query's JSON trees.

Two texts are equal when their whole trees are, after removing positions only. Nothing else
is normalised, and libpg_query's fingerprint is never used: it is equal for DEFAULT 1 and
DEFAULT 2.
"""

import functools
import importlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zdm.errors import ZdmError
from zdm.model.sql import literal
from zdm.model.syntax import Definition
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
_WORD = re.compile(r"[a-z_][a-z0-9_]*")
# Keywords that are names of columns without quotes, and are written with them: category C of
# pg_get_keywords() (14 to 18). Reserved ones are no plain names to the parser.
QUOTED = frozenset(
    re.findall(
        r"\w+",
        """between bigint bit boolean char character coalesce dec decimal exists extract float
        greatest grouping inout int integer interval json json_array json_arrayagg json_exists
        json_object json_objectagg json_query json_scalar json_serialize json_table json_value
        least merge_action national nchar none normalize nullif numeric out overlay position
        precision real row setof smallint substring time timestamp treat trim values varchar
        xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
        xmlroot xmlserialize xmltable""",
    )
)
_INDEX = frozenset({"idxname", "relation", "accessMethod", "indexParams", "unique"})
_RELATION = {"inh": True, "relpersistence": "p"}
_BARE_CALL = {"funcname", "funcformat", "location"}
# What defaults call without arguments more often than all else.
CALLED = frozenset(
    re.findall(
        r"\w+",
        """clock_timestamp gen_random_uuid now random statement_timestamp
        transaction_timestamp uuid_generate_v4 uuidv4 uuidv7""",
    )
)
_COMPARED = frozenset({"=", "<>", "<", "<=", ">", ">="})
_ELEMENT = {"ordering": "SORTBY_DEFAULT", "nulls_ordering": "SORTBY_NULLS_DEFAULT"}


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
    left: list[tuple[str, Any]] = [("", tree)] if isinstance(tree, _BRANCHES) else []
    while left:
        key, node = left.pop()
        if isinstance(node, dict):
            if key:
                yield key, node
            left += [one for one in reversed(node.items()) if isinstance(one[1], _BRANCHES)]
        else:
            left += [("", one) for one in reversed(node) if isinstance(one, _BRANCHES)]


def deeper(tree: Any, limit: int) -> bool:
    """Whether the tree is nested deeper than that: what recurses must not be given it."""
    level = [tree]
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, _BRANCHES)
        ]
        if not level:
            return False
    return True


def strings(nodes: Any) -> tuple[str, ...]:
    """The texts of a list of String nodes; other nodes are left out."""
    if not nodes:
        return ()
    found = [item["String"] for item in nodes if isinstance(item, dict) and "String" in item]
    return tuple([string.get("sval", "") for string in found])


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
    plain = _plain_index(tree) if node == "IndexStmt" else None
    if plain is not None and _reads_back(plain, node, strip(tree)):
        return plain
    return _deparsed(node, json.dumps(strip(tree)))


@functools.lru_cache(maxsize=1024)
def _deparsed(node: str, written: str) -> str:
    """The protobuf reader is slow, and the same expression is written at several places."""
    meant = json.loads(written)
    plain = _plain_check(meant)
    if plain and _reads_back(plain, node, meant):
        return plain
    # generated stubs that mypy cannot read, and 0.25 s to import: reached by name
    postgast = importlib.import_module("postgast")
    json_format = importlib.import_module("google.protobuf.json_format")
    failures = (json_format.ParseError, postgast.PgQueryError, RecursionError, ValueError)
    whole = {"version": 180004, "stmts": [{"stmt": {node: meant}}]}
    try:
        message = json_format.ParseDict(whole, postgast.pg_query_pb2.ParseResult())
        text: str = postgast.deparse(message)
    except failures as error:
        raise ZdmError(f"a {node} could not be written as SQL: {error}") from error
    _prove(text, node, meant)
    return text


def _prove(text: str, node: str, meant: Mapping[str, Any]) -> None:
    if not _reads_back(text, node, meant):
        raise ZdmError(f"a {node} written as SQL reads back as another statement: {text}")


def _reads_back(text: str, node: str, meant: Mapping[str, Any]) -> bool:
    try:
        parsed = libpg_query.statements(text.encode())
    except libpg_query.NotSqlError:
        return False
    return len(parsed) == 1 and parsed[0].node == node and bool(strip(parsed[0].tree) == meant)


def tests(where: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The tests that a WHERE joins by AND."""
    both = where.get("BoolExpr", {})
    if both.get("boolop") != "AND_EXPR":
        yield where
        return
    for part in both.get("args", []):
        yield from tests(part)


def _select(target: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "targetList": [{"ResTarget": {"val": target}}],
        "limitOption": "LIMIT_OPTION_DEFAULT",
        "op": "SETOP_NONE",
    }


def expression_sql(node: Mapping[str, Any]) -> str:
    """An expression as text, cut from a SELECT with it as the only target, and proved."""
    plain = _plain(node)
    if plain is not None:
        return plain
    compared = _plain_comparison(node)
    if compared and _reads_back(f"SELECT {compared}", "SelectStmt", strip(_select(node))):
        return compared
    return deparse("SelectStmt", _select(node)).removeprefix("SELECT ").strip()


def _plain(node: Mapping[str, Any]) -> str | None:
    """A number without a point, a word in quotes, true, false, NULL or a call of CALLED, as
    deparse writes it."""
    match node.get("A_Const"):
        case None:
            return _bare_call(node.get("FuncCall"))
        case {"ival": {**value}}:
            return str(value.get("ival", 0))
        case {"sval": {**value}}:
            text = str(value.get("sval", ""))
            return None if "'" in text or "\\" in text else f"'{text}'"
        case {"boolval": {**value}}:
            return "true" if value.get("boolval") else "false"
        case {"isnull": True}:
            return "NULL"
    return None


def _bare_call(call: Mapping[str, Any] | None) -> str | None:
    if call is None or call.keys() != _BARE_CALL or len(call["funcname"]) > 1:
        return None
    name = "".join(strings(call["funcname"]))
    return f"{name}()" if name in CALLED else None


def _plain_comparison(node: Mapping[str, Any]) -> str:
    """A column and a plain constant, as deparse writes them unless a word is reserved; else
    empty."""
    match node:
        case {
            "A_Expr": {
                "kind": "AEXPR_OP",
                "name": [{"String": {"sval": str(operator)}}],
                "lexpr": {"ColumnRef": {"fields": [{"String": {"sval": str(column)}}]}},
                "rexpr": {"A_Const": value},
            }
        } if operator in _COMPARED and _all_plain([column]):
            constant = _plain({"A_Const": value})
            return f"{column} {operator} {constant}" if constant is not None else ""
    return ""


def _plain_check(tree: Mapping[str, Any]) -> str:
    """ADD CONSTRAINT of a CHECK that is such a comparison, as deparse writes it; else empty."""
    match tree:
        case {
            "relation": {"relname": str(table)},
            "cmds": [{"AlterTableCmd": {"def": {"Constraint": {"raw_expr": said, **rest}}}}],
        } if _all_plain([table, str(rest.get("conname", ""))]):
            late = " NOT VALID" if "skip_validation" in rest else ""
            compared = _plain_comparison(said)
            added = f"ALTER TABLE {table} ADD CONSTRAINT {rest['conname']}"
            return f"{added} CHECK ({compared}){late}" if compared else ""
    return ""


def _plain_index(tree: Mapping[str, Any]) -> str | None:
    """CREATE INDEX of whole columns, as deparse writes it unless a word is reserved."""
    relation = tree["relation"]
    columns = [_column(item["IndexElem"]) for item in tree["indexParams"]]
    words = [tree.get("idxname", ""), tree["accessMethod"], *columns]
    words += [relation.get("schemaname", ""), relation["relname"]]
    if tree.keys() - _INDEX or not _all_plain(words) or _rest(relation) != _RELATION:
        return None
    unique = "UNIQUE " if tree.get("unique") else ""
    table = f"{relation['schemaname']}.{relation['relname']}"
    return (
        f"CREATE {unique}INDEX {tree['idxname']} ON {table} USING {tree['accessMethod']}"
        f" ({', '.join(columns)})"
    )


def _rest(relation: Mapping[str, Any]) -> Mapping[str, Any]:
    named = ("schemaname", "relname", "location")
    return {key: value for key, value in relation.items() if key not in named}


def _column(element: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in element.items() if key not in ("name", "location")}
    return str(element.get("name", "")) if rest == _ELEMENT else ""


def _all_plain(words: Iterable[str]) -> bool:
    return all(_WORD.fullmatch(word) and word not in QUOTED for word in words)


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


def reach_of_constraint(column: Definition, number: int) -> tuple[int, int | None]:
    """The byte of the file at which a column's constraint begins, and that of the next one, if
    there is one; DEFERRABLE and the like belong to the constraint before them."""
    nodes = [node["Constraint"] for node in column.tree.get("constraints", [])]
    after = number + 1
    while after < len(nodes) and nodes[after]["contype"].startswith("CONSTR_ATTR_"):
        after += 1
    behind = nodes[after]["location"] if after < len(nodes) else None
    return nodes[number]["location"], behind
