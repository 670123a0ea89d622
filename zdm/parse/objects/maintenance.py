"""ANALYZE, VACUUM and REINDEX, as statements of the author."""

from collections.abc import Iterator, Mapping
from typing import Any

from zdm.model.schema import Name
from zdm.model.statement import Action
from zdm.model.syntax import RelationName
from zdm.parse import trees
from zdm.parse.readers import commands, relations

_Tree = Mapping[str, Any]


def targets(action: Action) -> tuple[RelationName, ...]:
    """The tables that an ANALYZE or VACUUM names."""
    nodes = (item["VacuumRelation"].get("relation") for item in _listed(action))
    return tuple(relations.read(node) for node in nodes if node is not None)


def columns(action: Action) -> tuple[str, ...]:
    """Those of its one table that it names; none: all of them."""
    found = [trees.strings(item["VacuumRelation"].get("va_cols")) for item in _listed(action)]
    return found[0] if len(found) == 1 else ()


def options(action: Action) -> tuple[str, ...]:
    """The names of its options, in lower case."""
    items = (*action.tree.get("options", ()), *action.tree.get("params", ()))
    return tuple(item["DefElem"]["defname"] for item in items)


def switched_on(action: Action) -> frozenset[str]:
    """Those that are not said to be off."""
    items = (*action.tree.get("options", ()), *action.tree.get("params", ()))
    return commands.switched_on(items)


def each(action: Action) -> Iterator[str]:
    """The same statement for each of its tables."""
    for item in _listed(action):
        yield trees.deparse("VacuumStmt", {**action.tree, "rels": [item]})


def written(action: Action, table: Name, *, keeps_end: bool) -> str:
    """The statement with the table's full name; `keeps_end`: VACUUM with TRUNCATE off."""
    (item,) = _listed(action)
    one: _Tree = item["VacuumRelation"]
    relation = {**one["relation"], "schemaname": table.schema, "relname": table.name}
    tree = {**action.tree, "rels": [{"VacuumRelation": {**one, "relation": relation}}]}
    if keeps_end:
        tree["options"] = [*tree.get("options", ()), _OFF]
    return trees.deparse("VacuumStmt", tree)


_OFF = {
    "DefElem": {
        "defname": "truncate",
        "arg": {"String": {"sval": "false"}},
        "defaction": "DEFELEM_UNSPEC",
    }
}


def _listed(action: Action) -> list[_Tree]:
    found: list[_Tree] = action.tree.get("rels", [])
    return found
