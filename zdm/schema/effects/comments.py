"""What COMMENT leaves; that of a schema is left out, as it is no part of the schema that is
compared."""

from typing import TypeVar

from msgspec.structs import replace

from zdm.model.catalog.indexed import exchanged, named
from zdm.model.schema import Function, Sequence, Snapshot, Type, View
from zdm.model.statement import Action
from zdm.model.syntax import CommentOn
from zdm.parse.objects import comments
from zdm.schema import edits, lookup, rights
from zdm.schema.rights import Target

_WITHOUT_RIGHTS = ("publication", "extension")
_One = TypeVar("_One", View, Sequence, Type, Function)


def comment(snapshot: Snapshot, action: Action) -> Snapshot:
    """On a table, a part of it, or another object."""
    said = action.said
    if not isinstance(said, CommentOn):
        return snapshot
    place = lookup.commented(said, snapshot, action.statement.settings)
    if place is None:
        return _other(snapshot, action)
    table, part = place
    return edits.put_table(snapshot, edits.commented(table, said.kind, part, said.text))


def target(action: Action, snapshot: Snapshot) -> Target | None:
    """The object of another kind that it is on; None where there is none."""
    said = comments.read(action)
    if said is None or said.kind in _WITHOUT_RIGHTS:
        return None
    try:
        found = rights.target(said.kind, said.named, snapshot, action.statement.settings)
    except LookupError:
        return None
    return None if said.kind == "table" and snapshot.table(found.name) else found


def _other(snapshot: Snapshot, action: Action) -> Snapshot:
    said, found = comments.read(action), target(action, snapshot)
    if said is not None and said.kind == "publication":
        return _of_publication(snapshot, said.named.words[-1], said.text)
    if said is None or found is None:
        return snapshot
    match found.kind:
        case "table":
            return replace(snapshot, views=_put(snapshot.views, found, said.text))
        case "sequence":
            return replace(snapshot, sequences=_put(snapshot.sequences, found, said.text))
        case "type":
            return replace(snapshot, types=_put(snapshot.types, found, said.text))
        case "routine":
            return replace(snapshot, functions=_put(snapshot.functions, found, said.text))
    return snapshot


def _of_publication(snapshot: Snapshot, name: str, text: str | None) -> Snapshot:
    changed = tuple(
        replace(one, comment=text) if one.name == name else one for one in snapshot.publications
    )
    return replace(snapshot, publications=changed)


def _put(members: tuple[_One, ...], found: Target, text: str | None) -> tuple[_One, ...]:
    for there in named(members, found.name):
        if isinstance(there, Function) and found.arguments not in (None, there.arguments):
            continue
        members = exchanged(members, there, replace(there, comment=text))
    return members
