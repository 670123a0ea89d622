"""COMMENT ON what is no table and no part of one, as a value."""

from msgspec import Struct

from zdm.model.acl import Named
from zdm.model.statement import Action
from zdm.parse.readers import changed_objects

_KINDS = {
    "OBJECT_VIEW": "table",
    "OBJECT_MATVIEW": "table",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_FUNCTION": "routine",
    "OBJECT_PROCEDURE": "routine",
    "OBJECT_ROUTINE": "routine",
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "type",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_PUBLICATION": "publication",
    "OBJECT_EXTENSION": "extension",
}


class Commented(Struct, frozen=True, kw_only=True):
    """`kind` as in Granting, or publication or extension."""

    kind: str
    named: Named
    text: str | None


def read(action: Action) -> Commented | None:
    """What gets which comment; None for another statement, or on another kind of object."""
    tree = action.tree
    kind = _KINDS.get(tree.get("objtype", ""), "")
    item = tree.get("object")
    if not kind or not item:
        return None
    named = Named(words=changed_objects.words(item), arguments=changed_objects.arguments(item))
    return Commented(kind=kind, named=named, text=tree.get("comment"))
