"""GRANT and REVOKE, as values."""

from collections.abc import Mapping
from typing import Any

from zdm.model.acl import Granting, Named
from zdm.model.statement import Action
from zdm.parse import trees
from zdm.parse.readers import changed_objects

_Tree = Mapping[str, Any]
_KINDS = {
    "OBJECT_TABLE": "table",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_FUNCTION": "routine",
    "OBJECT_PROCEDURE": "routine",
    "OBJECT_ROUTINE": "routine",
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "type",
}
PUBLIC = "public"  # no role can have this name


def read(action: Action) -> Granting | None:
    """What the statement grants or revokes; None for one that is about something else."""
    tree = action.tree
    if "targtype" not in tree or tree.get("targtype") == "ACL_TARGET_DEFAULTS":
        return None
    items = tree.get("objects", [])
    in_schema = tree["targtype"] == "ACL_TARGET_ALL_IN_SCHEMA"
    return Granting(
        revokes=not tree.get("is_grant"),
        kind=_KINDS.get(tree.get("objtype", ""), ""),
        schemas=trees.strings(items) if in_schema else (),
        objects=() if in_schema else tuple(map(_object, items)),
        privileges=tuple(
            (p["AccessPriv"].get("priv_name", "all").upper(), _columns(p["AccessPriv"]))
            for p in tree.get("privileges", [])
        ),
        roles=tuple(_role(item["RoleSpec"]) for item in tree.get("grantees", [])),
        option=bool(tree.get("grant_option")),
        cascade=tree.get("behavior") == "DROP_CASCADE",
        by_another="grantor" in tree,
    )


def _object(item: _Tree) -> Named:
    if "RangeVar" in item:
        node = item["RangeVar"]
        words = tuple(filter(None, (node.get("schemaname", ""), node["relname"])))
        return Named(words=words)
    return Named(words=changed_objects.words(item), arguments=changed_objects.arguments(item))


def _columns(node: _Tree) -> tuple[str, ...]:
    return trees.strings(node.get("cols"))


def _role(node: _Tree) -> str:
    """Empty for CURRENT_USER and the like, whose meaning is the session's."""
    if node.get("roletype") == "ROLESPEC_PUBLIC":
        return PUBLIC
    return str(node.get("rolename", ""))
