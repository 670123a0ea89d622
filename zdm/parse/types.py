"""Type names: read from a tree or from text, and written again."""

from collections.abc import Mapping
from typing import Any

from zdm.model.expression import TypeName
from zdm.parse import trees


def read(node: Mapping[str, Any]) -> TypeName:
    """A TypeName as a value."""
    modifiers = node.get("typmods", [])
    return TypeName(
        words=trees.strings(node.get("names", [])),
        modifiers=tuple(
            m["A_Const"].get("ival", {}).get("ival", 0) for m in modifiers if "A_Const" in m
        ),
        has_modifiers=bool(modifiers),
        dimensions=len(node.get("arrayBounds", [])),
        tree=node,
    )


def of(text: str) -> TypeName:
    """The type of that name; raises NotSqlError where it is anything else."""
    return read(trees.type_name(text))


def sql(type_name: TypeName) -> str:
    """Its text."""
    return trees.type_sql(type_name.tree)
