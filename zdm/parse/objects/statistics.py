"""CREATE STATISTICS, as a statement of the author and as PostgreSQL prints it."""

from collections.abc import Iterator, Mapping
from typing import Any

from zdm.model.expression import Expression, Words
from zdm.model.schema import Name
from zdm.model.statement import Action
from zdm.parse import column_names, expressions, libpg_query, trees

_Tree = Mapping[str, Any]


def name(definition: str) -> Words:
    """The name of the object that a printed CREATE STATISTICS makes."""
    (parsed,) = libpg_query.statements(definition.encode())
    return trees.strings(parsed.tree.get("defnames"))


def named(action: Action) -> Words:
    """The words of the name that the author gave it; none: PostgreSQL chooses one."""
    return trees.strings(action.tree.get("defnames"))


def columns(action: Action) -> tuple[str, ...]:
    """The columns that it is about, also inside expressions."""
    found = [c for element in _elements(action) for c in _columns(element)]
    return tuple(dict.fromkeys(found))


def parts(action: Action) -> tuple[str, ...]:
    """What a name that PostgreSQL chooses is made of."""
    return tuple(element.get("name") or column_names.OTHER for element in _elements(action))


def printed(action: Action, name: Name, table: Name) -> str:
    """Its CREATE STATISTICS under full names."""
    tree = {key: value for key, value in action.tree.items() if key != "if_not_exists"}
    node = tree["relations"][0]["RangeVar"]
    relation = {**node, "schemaname": table.schema, "relname": table.name}
    words = [{"String": {"sval": word}} for word in (name.schema, name.name)]
    edited = {**tree, "defnames": words, "relations": [{"RangeVar": relation}]}
    return trees.deparse("CreateStatsStmt", edited)


def _elements(action: Action) -> Iterator[_Tree]:
    yield from (item["StatsElem"] for item in action.tree.get("exprs", []))


def _columns(element: _Tree) -> tuple[str, ...]:
    inner = element.get("expr")
    return (element["name"],) if inner is None else expressions.columns(Expression(inner))
