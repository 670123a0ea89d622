"""Rows that an INSERT writes out and leaves out where such rows are there: by ON CONFLICT, or
by a SELECT without FROM that has a condition."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from zdm.model.syntax import RelationName
from zdm.parse import libpg_query, trees
from zdm.parse.readers import relations

_Tree = Mapping[str, Any]
_READS = frozenset({"SubLink", "ColumnRef", "SetToDefault"})


class WrittenOut(Struct, frozen=True, kw_only=True):
    """The rows as SQL, in the order of the columns, which are all of the table's where the
    INSERT names none; `arbiter`: the columns that ON CONFLICT names."""

    table: RelationName
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    arbiter: tuple[str, ...]


def unless_there(sql: str) -> Iterator[WrittenOut]:
    """Those of a text; a value that is no constant has an empty text."""
    for one in libpg_query.statements(sql.encode()):
        source = one.tree.get("selectStmt", {}).get("SelectStmt", {})
        conflict = one.tree.get("onConflictClause")
        rows = tuple(_rows(source))
        if one.node == "InsertStmt" and rows and (conflict or source.get("whereClause")):
            elements = (conflict or {}).get("infer", {}).get("indexElems", ())
            yield WrittenOut(
                table=relations.read(one.tree["relation"]),
                columns=tuple(c["ResTarget"]["name"] for c in one.tree.get("cols", ())),
                rows=rows,
                arbiter=tuple(item["IndexElem"].get("name", "") for item in elements),
            )


def _rows(source: _Tree) -> Iterator[tuple[str, ...]]:
    for row in source.get("valuesLists", ()):
        yield tuple(map(_text, row["List"]["items"]))
    targets: Sequence[_Tree] = () if source.get("fromClause") else source.get("targetList", ())
    if targets:
        yield tuple(_text(target["ResTarget"]["val"]) for target in targets)


def _text(value: _Tree) -> str:
    if any(key in _READS for key, _ in trees.walk({"root": value})):
        return ""
    return trees.expression_sql(value)
