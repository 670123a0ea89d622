"""Statements that set which number a sequence gives next: setval() and RESTART."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from zdm.model.statement import Action
from zdm.model.syntax import RelationName
from zdm.parse import names, trees
from zdm.parse.readers import relations

_Tree = Mapping[str, Any]
_SHAPE = frozenset(
    {"targetList", "fromClause", "whereClause", "sortClause", "limitCount", "limitOption", "op"}
)
_ONE_ROW = frozenset({"max", "min", "count", "sum"})
_SESSION = frozenset({"currval", "lastval", "nextval", "current_setting"})
_ENDS = (("max",), ("min",))
_STATE = {("last_value",), ("is_called",)}
_OF_COLUMN = "pg_get_serial_sequence"
_TRUE: _Tree = {"A_Const": {"boolval": {"boolval": True}}}
_FALSE: _Tree = {"A_Const": {"boolval": {}}}


class Move(Struct, frozen=True, kw_only=True):
    """One sequence that is set. It is named by `sequence`, or by the `column` of `table`.
    `query` gives the number and whether it is used already, in one row; `number`: that of
    RESTART or of a constant; `read`: of which columns it takes the highest or lowest value,
    None where it reads other things."""

    sequence: RelationName | None = None
    table: RelationName | None = None
    column: str = ""
    query: str = ""  # empty: RESTART at the start
    number: int | None = None
    read: tuple[tuple[RelationName, str], ...] | None = ()


def sets(action: Action) -> bool:
    """Whether it is there to set a sequence."""
    return _restart(action.tree) is not None or "setval" in _called(action.tree)


def passes_over(action: Action) -> bool:
    """Whether it says IF EXISTS."""
    return bool(action.tree.get("missing_ok"))


def _called(tree: Any) -> frozenset[str]:
    return frozenset(words[-1] for words in trees.functions(tree) if words)


def moves(action: Action) -> tuple[Move, ...]:
    """The sequences that it sets, and to what; none where that cannot be read."""
    option = _restart(action.tree)
    if option is not None:
        return (_restarted(action.tree, option),)
    tree = action.tree
    targets = [one["ResTarget"]["val"] for one in tree.get("targetList", ())]
    read = tuple(move for one in targets if (move := _set(one, tree)) is not None)
    whole = len(read) == len(targets) and (len(read) == 1 or "fromClause" not in tree)
    return read if whole and _gives_one_row(tree) else ()


def _restart(tree: _Tree) -> _Tree | None:
    """The option RESTART, where it is all that ALTER SEQUENCE or ALTER COLUMN says."""
    options = tree.get("options") if "sequence" in tree else None
    if tree.get("subtype") == "AT_SetIdentity":
        options = tree.get("def", {}).get("List", {}).get("items")
    found: list[_Tree] = [item.get("DefElem", {}) for item in options or ()]
    return found[0] if [one.get("defname") for one in found] == ["restart"] else None


def _restarted(tree: _Tree, option: _Tree) -> Move:
    number = _number(option.get("arg", {}))
    query = "" if number is None else f"SELECT {number} AS zdm_value, false AS zdm_called"
    if "sequence" in tree:
        named = relations.read(tree["sequence"])
        return Move(sequence=named, query=query, number=number)
    return Move(column=tree["name"], query=query, number=number)


def _number(node: _Tree) -> int | None:
    """A constant whole number, with its sign."""
    if "A_Expr" in node and "lexpr" not in node["A_Expr"]:
        of = _number(node["A_Expr"].get("rexpr", {}))
        minus = trees.strings(node["A_Expr"].get("name")) == ("-",)
        return -of if of is not None and minus else None
    inner = node.get("A_Const", node)
    integer = inner.get("ival", inner.get("Integer"))
    if integer is not None:
        return int(integer.get("ival", 0))
    text = str(inner.get("fval", inner.get("Float", {})).get("fval", ""))
    return int(text) if text.lstrip("-").isdigit() else None


def _set(target: _Tree, select: _Tree) -> Move | None:
    """One call of setval()."""
    call: _Tree = target.get("FuncCall", {})
    if trees.strings(call.get("funcname")) not in (("setval",), ("pg_catalog", "setval")):
        return None
    named, value, *called = call.get("args", [{}, {}])
    if _SESSION & _called([value, called]):
        return None
    inner = {
        **{key: part for key, part in select.items() if key != "targetList"},
        "targetList": [
            {"ResTarget": {"name": "zdm_value", "val": value}},
            {"ResTarget": {"name": "zdm_called", "val": called[0] if called else _TRUE}},
        ],
    }
    return _named(
        named,
        query=trees.deparse("SelectStmt", inner),
        number=_number(value),
        read=_extremes([value, *called], select),
    )


def _named(node: _Tree, **rest: Any) -> Move | None:
    """With the sequence that the first argument names."""
    while "TypeCast" in node:
        node = node["TypeCast"]["arg"]
    call = node.get("FuncCall", {})
    if trees.strings(call.get("funcname"))[-1:] == (_OF_COLUMN,):
        words = [_text(argument) for argument in call.get("args", [])]
        if len(words) == 2 and words[0] and words[1]:
            return Move(table=_relation(words[0]), column=words[1], **rest)
        return None
    text = _text(node)
    return Move(sequence=_relation(text), **rest) if text else None


def _text(node: _Tree) -> str:
    while "TypeCast" in node:
        node = node["TypeCast"]["arg"]
    return str(node.get("A_Const", {}).get("sval", {}).get("sval", ""))


def _relation(text: str) -> RelationName:
    name = names.qualified(text)
    return RelationName(schema=name.schema, name=name.name)


def _gives_one_row(tree: _Tree) -> bool:
    if not {*tree} <= _SHAPE or tree.get("op") != "SETOP_NONE":
        return False
    if any("A_Const" in one["SortBy"]["node"] for one in tree.get("sortClause", ())):
        return False
    if "fromClause" not in tree or _number(tree.get("limitCount", {})) == 1:
        return True
    outside = _called(_without_queries(tree["targetList"]))
    return "limitCount" not in tree and bool(outside & _ONE_ROW)


def _extremes(value: list[_Tree], select: _Tree) -> tuple[tuple[RelationName, str], ...] | None:
    """The columns of which it takes max() or min() over a whole table; None where it reads
    something else."""
    links = [node for key, node in trees.walk({"root": value}) if key == "SubLink"]
    queries = [link.get("subselect", {}).get("SelectStmt", {}) for link in links]
    queries = [query for query in queries if not _is_state(query)]
    asked = [(query, query.get("targetList")) for query in queries]
    asked += [(select, value)] if "fromClause" in select else []
    found: list[tuple[RelationName, str]] = []
    for query, parts in asked:
        table, own = _only_table(query), _without_queries(parts)
        columns = [*_ends(own)]
        named = sum(key == "ColumnRef" for key, _ in trees.walk({"root": own}))
        counts = bool(_called(own) - {"max", "min"})
        if table is None or counts or not columns or named != len(columns):
            return None
        found += [(table, column) for column in columns]
    return tuple(found)


def _is_state(query: _Tree) -> bool:
    """Whether it asks a sequence, which has one row, for its state."""
    targets = query.get("targetList", ())
    nodes = trees.walk({"root": targets})
    named = {trees.strings(node["fields"])[-1:] for key, node in nodes if key == "ColumnRef"}
    return _only_table(query) is not None and bool(named) and named <= _STATE


def _ends(tree: Any) -> Iterator[str]:
    """The columns that are the argument of max() or min()."""
    for key, node in trees.walk({"root": tree}):
        if key == "FuncCall" and trees.strings(node.get("funcname"))[-1:] in _ENDS:
            (argument, *_) = node.get("args", [{}])
            yield from trees.strings(argument.get("ColumnRef", {}).get("fields"))[-1:]


def _only_table(query: _Tree) -> RelationName | None:
    tables = [item.get("RangeVar") for item in query.get("fromClause", ())]
    plain = {*query} <= {"targetList", "fromClause", "limitOption", "op"}
    return relations.read(tables[0]) if plain and len(tables) == 1 and tables[0] else None


def _without_queries(tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {k: _without_queries(v) for k, v in tree.items() if k != "SubLink"}
    return [_without_queries(item) for item in tree] if isinstance(tree, list) else tree
