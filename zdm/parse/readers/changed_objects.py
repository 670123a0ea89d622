"""DROP, RENAME, and ALTER TYPE … VALUE of objects that exist."""

from collections.abc import Mapping
from typing import Any

from zdm.model.expression import TypeName, Words
from zdm.model.syntax import (
    ChangeEnum,
    DropObjects,
    RenameObject,
)
from zdm.parse import trees, types

_Tree = Mapping[str, Any]
_KINDS = {
    "OBJECT_TABLE": "table",
    "OBJECT_FOREIGN_TABLE": "table",
    "OBJECT_INDEX": "index",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "type",
    "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "function",
    "OBJECT_ROUTINE": "function",
    "OBJECT_AGGREGATE": "function",
    "OBJECT_TRIGGER": "trigger",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_EXTENSION": "extension",
    "OBJECT_COLUMN": "column",
    "OBJECT_TABCONSTRAINT": "constraint",
    "OBJECT_CAST": "cast",
    "OBJECT_POLICY": "policy",
    "OBJECT_RULE": "rule",
    "OBJECT_STATISTIC_EXT": "statistics",
    "OBJECT_PUBLICATION": "publication",
}


def drop(tree: _Tree) -> DropObjects:
    """A DROP statement."""
    return DropObjects(
        kind=_KINDS.get(tree.get("removeType", ""), ""),
        objects=tuple(words(item) for item in tree.get("objects", [])),
        arguments=tuple(arguments(item) for item in tree.get("objects", [])),
        domain=tree.get("removeType") == "OBJECT_DOMAIN",
        if_exists=bool(tree.get("missing_ok")),
        cascade=tree.get("behavior") == "DROP_CASCADE",
    )


def rename(tree: _Tree) -> RenameObject:
    """A RENAME statement."""
    kind = _KINDS.get(tree.get("renameType", ""), "")
    relation = tree.get("relation")
    return RenameObject(
        kind=kind,
        words=words(tree.get("object", {})) if relation is None else _relation(relation),
        part=tree.get("subname", ""),
        new_name=tree.get("newname", ""),
        if_exists=bool(tree.get("missing_ok")),
        arguments=arguments(tree.get("object", {})),
    )


def kind(word: str) -> str:
    """The parser's word for a kind of object, in ours; empty for one that zdm cannot tell."""
    return _KINDS.get(word, "")


def named(tree: _Tree) -> Words:
    """The words of the relation or other object that a statement changes."""
    relation = tree.get("relation")
    return words(tree.get("object", {})) if relation is None else _relation(relation)


def enum(tree: _Tree) -> ChangeEnum:
    """ALTER TYPE … ADD VALUE or RENAME VALUE."""
    return ChangeEnum(
        words=trees.strings(tree.get("typeName")),
        label=tree.get("newVal", ""),
        neighbour=tree.get("newValNeighbor", ""),
        after=bool(tree.get("newValIsAfter")) or "newValNeighbor" not in tree,
        former=tree.get("oldVal", ""),
        if_not_exists=bool(tree.get("skipIfNewValExists")),
    )


def words(item: _Tree) -> Words:
    """The words of an object's name, as DROP and RENAME give it."""
    if "List" in item:
        return trees.strings(item["List"].get("items"))
    if "ObjectWithArgs" in item:
        return trees.strings(item["ObjectWithArgs"].get("objname"))
    if "TypeName" in item:
        return trees.strings(item["TypeName"].get("names"))
    return trees.strings([item])


def arguments(item: _Tree) -> tuple[TypeName, ...] | None:
    """Types of a routine's arguments, where they are written."""
    node = item.get("ObjectWithArgs")
    if node is None or node.get("args_unspecified"):
        return None
    return tuple(types.read(a["TypeName"]) for a in node.get("objargs", []) if a)


def _relation(node: _Tree) -> Words:
    schema, name = node.get("schemaname", ""), node.get("relname", "")
    return (schema, name) if schema else (name,)
