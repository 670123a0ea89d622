"""Columns, constraints and indexes as CREATE TABLE, ALTER TABLE and CREATE INDEX write them."""

from collections.abc import Callable, Mapping
from typing import Any

from zdm.model.expression import Expression, Words
from zdm.model.syntax import (
    ColumnDefinition,
    ConstraintDefinition,
    Definition,
    IndexDefinition,
    IndexElement,
)
from zdm.parse import expressions, libpg_query, trees, types
from zdm.parse.readers import relations

_Tree = Mapping[str, Any]
_KINDS = {
    "CONSTR_NULL": "null",
    "CONSTR_NOTNULL": "not null",
    "CONSTR_DEFAULT": "default",
    "CONSTR_IDENTITY": "identity",
    "CONSTR_GENERATED": "generated",
    "CONSTR_CHECK": "check",
    "CONSTR_PRIMARY": "primary key",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_EXCLUSION": "exclusion",
    "CONSTR_FOREIGN": "foreign key",
    "CONSTR_ATTR_DEFERRABLE": "deferrable",
    "CONSTR_ATTR_NOT_DEFERRABLE": "not deferrable",
    "CONSTR_ATTR_DEFERRED": "initially deferred",
    "CONSTR_ATTR_IMMEDIATE": "initially immediate",
}
# Words about the constraint before them.
DEFERS = frozenset({"deferrable", "initially deferred"})
ATTRIBUTES = frozenset(word for kind, word in _KINDS.items() if kind.startswith("CONSTR_ATTR_"))
_ENFORCEABLE = frozenset({"CONSTR_CHECK", "CONSTR_FOREIGN"})
_ACTIONS = {"c": "cascade", "n": "set null", "d": "set default"}
_IDENTITIES = {"a": "always", "d": "by default"}
# By the node's field: that of the ConstraintDefinition, and how it is read. Few are there.
_SAID: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "conname": ("name", str),
    "raw_expr": ("expression", Expression),
    "pktable": ("references", relations.read),
    "pk_attrs": ("referenced_columns", trees.strings),
    "including": ("including", trees.strings),
    "indexname": ("using_index", str),
    "skip_validation": ("not_valid", bool),
    "is_no_inherit": ("no_inherit", bool),
    "deferrable": ("deferrable", bool),
    "initdeferred": ("initially_deferred", bool),
    "nulls_not_distinct": ("nulls_not_distinct", bool),
    "without_overlaps": ("period", bool),
    "fk_with_period": ("period", bool),
    "fk_matchtype": ("match_full", "f".__eq__),
    "fk_del_action": ("on_delete", lambda action: _ACTIONS.get(action, "")),
    "fk_upd_action": ("on_update", lambda action: _ACTIONS.get(action, "")),
}


def column(node: _Tree) -> ColumnDefinition:
    """A column definition."""
    return ColumnDefinition(
        name=node["colname"],
        type=types.read(node.get("typeName", {})),
        constraints=tuple(constraint(c["Constraint"]) for c in node.get("constraints", [])),
        collation=collation(node),
        definition=Definition(node),
    )


def collation(node: _Tree) -> Words:
    """The collation that a column definition names."""
    return trees.strings(node.get("collClause", {}).get("collname", []))


def constraint(node: _Tree) -> ConstraintDefinition:
    """A constraint of a column or of a table."""
    kind = str(node["contype"])
    known = [(_SAID[key], value) for key, value in node.items() if key in _SAID]
    said = {field: read(value) for (field, read), value in known}
    if kind == "CONSTR_IDENTITY":
        said["identity"] = _IDENTITIES.get(node.get("generated_when", ""), "")
    if kind == "CONSTR_GENERATED":
        virtual = node.get("generated_kind", "s") == "v"
        said["generated"] = "virtual" if virtual else "stored"
    return ConstraintDefinition(
        kind=_KINDS.get(kind, kind),
        columns=_columns(node),
        not_enforced=kind in _ENFORCEABLE and not node.get("is_enforced"),
        definition=Definition(node),
        **said,
    )


def _columns(node: _Tree) -> tuple[str, ...]:
    """The columns that a table's constraint is about."""
    if "raw_expr" in node:
        return tuple(sorted(expressions.columns(Expression(node["raw_expr"]))))
    excluded = [item["List"]["items"][0]["IndexElem"] for item in node.get("exclusions", [])]
    if excluded:
        return tuple(element["name"] for element in excluded if "name" in element)
    return trees.strings(node.get("keys") or node.get("fk_attrs"))


def index(node: _Tree) -> IndexDefinition:
    """A CREATE INDEX."""
    where = node.get("whereClause")
    return IndexDefinition(
        name=node.get("idxname", ""),
        table=relations.read(node["relation"]),
        elements=tuple(_element(e["IndexElem"]) for e in node.get("indexParams", [])),
        included=tuple(_element(e["IndexElem"]) for e in node.get("indexIncludingParams", [])),
        where=None if where is None else Expression(where),
        unique=bool(node.get("unique")),
        nulls_not_distinct=bool(node.get("nulls_not_distinct")),
        concurrently=bool(node.get("concurrent")),
        if_not_exists=bool(node.get("if_not_exists")),
        method=node.get("accessMethod", "btree"),
        definition=Definition(node),
    )


def by_default(definition: str) -> bool:
    """Whether the keys of a CREATE INDEX name no operator class and no collation."""
    parsed = libpg_query.statements(definition.encode())
    tree = parsed[0].tree if parsed else {}
    elements = [param.get("IndexElem", {}) for param in tree.get("indexParams", [])]
    return bool(elements) and not any({"opclass", "collation"} & one.keys() for one in elements)


def _element(node: _Tree) -> IndexElement:
    expression = node.get("expr")
    return IndexElement(
        column=node.get("name", ""),
        expression=None if expression is None else Expression(expression),
    )
