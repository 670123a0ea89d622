"""ALTER … OWNER TO, as a value."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from zdm.model.acl import Named
from zdm.model.commands import AlterRelation, AlterTable, Change
from zdm.model.statement import Action, Fact
from zdm.parse.readers import changed_objects

_RELATIONS = frozenset({"view", "materialized view", "sequence"})
_OTHERS = {
    "OBJECT_FUNCTION": "routine",
    "OBJECT_PROCEDURE": "routine",
    "OBJECT_ROUTINE": "routine",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "type",
}


class NewOwner(Struct, frozen=True, kw_only=True):
    """`kind` as in Granting; the role is empty for CURRENT_USER and the like."""

    kind: str
    named: Named
    role: str


def read(action: Action) -> NewOwner | None:
    """What gets which owner; None for another statement, or about another kind of object."""
    said, tree = action.said, action.tree
    match said:
        case AlterTable(change=Change.OWNER):
            table = action.fact.table if isinstance(action.fact, Fact) else None
            if table is None:
                return None
            named = Named(words=(table.schema, table.name))
            return NewOwner(kind="table", named=named, role=_role(tree))
        case AlterRelation(kind=kind, relation=relation, changes=(one,)):
            if one.change is not Change.OWNER or kind not in _RELATIONS:
                return None
            words = tuple(filter(None, (relation.schema, relation.name)))
            (command,) = tree["cmds"]
            return NewOwner(
                kind="sequence" if kind == "sequence" else "table",
                named=Named(words=words),
                role=_role(command["AlterTableCmd"]),
            )
    kind = _OTHERS.get(tree.get("objectType", ""), "") if "newowner" in tree else ""
    if not kind:
        return None
    item = tree["object"]
    named = Named(words=changed_objects.words(item), arguments=changed_objects.arguments(item))
    return NewOwner(kind=kind, named=named, role=_role(tree))


def _role(tree: Mapping[str, Any]) -> str:
    return str(tree["newowner"].get("rolename", ""))
