"""What ALTER … OWNER TO leaves of access lists: who owns what is in no Snapshot, but the new
owner has all rights, and what it granted counts as the owner's (manual, chapter 5.8;
measured 14, 18)."""

from typing import TypeVar

from msgspec.structs import replace

from zdm.model import acl
from zdm.model.catalog.indexed import exchanged, having, named
from zdm.model.schema import Function, Name, Sequence, Snapshot, Table, Type, View
from zdm.model.statement import Action
from zdm.parse.objects import owners
from zdm.schema import edits, rights
from zdm.schema.rights import Target

_One = TypeVar("_One", View, Sequence, Function, Type)
_Items = tuple[str, ...]


def change(snapshot: Snapshot, action: Action) -> Snapshot:
    """The Snapshot after it."""
    said = owners.read(action)
    if said is None or not said.role:
        return snapshot
    try:
        target = rights.target(said.kind, said.named, snapshot, action.statement.settings)
    except LookupError:
        return snapshot
    table = snapshot.table(target.name) if target.kind == "table" else None
    if table is not None:
        every = rights.every("table", snapshot.major)
        changed = edits.put_table(snapshot, _table(table, said.role, every))
        return _owned(changed, table.name, said.role)
    return _other(snapshot, target, said.role)


def _table(table: Table, role: str, every: tuple[str, ...]) -> Table:
    columns = tuple(
        replace(c, grants=joined(c.grants, role)) if c.grants else c for c in table.columns
    )
    return replace(table, grants=given(table.grants, role, every), columns=columns)


def _owned(snapshot: Snapshot, table: Name, role: str) -> Snapshot:
    """The sequences of its columns go with a table."""
    members, every = snapshot.sequences, rights.every("sequence", snapshot.major)
    for one in having(members, "owner", table.schema, table.name):
        members = exchanged(members, one, replace(one, grants=given(one.grants, role, every)))
    return replace(snapshot, sequences=members)


def _other(snapshot: Snapshot, target: Target, role: str) -> Snapshot:
    """A view, a sequence, a routine or a type; of schemas the lists stay as they are."""

    def changed(members: tuple[_One, ...], kind: str) -> tuple[_One, ...]:
        every = rights.every(kind, snapshot.major)
        for there in named(members, target.name):
            if isinstance(there, Function) and target.arguments not in (None, there.arguments):
                continue
            now = replace(there, grants=given(there.grants, role, every))
            members = exchanged(members, there, now)
        return members

    match target.kind:
        case "table" | "sequence":
            views = changed(snapshot.views, "table")
            for view in named(views, target.name):
                columns = ((c, joined(items, role)) for c, items in view.column_grants)
                views = exchanged(views, view, replace(view, column_grants=tuple(columns)))
            members = changed(snapshot.sequences, "sequence")
            return replace(snapshot, views=views, sequences=members)
        case "type":
            return replace(snapshot, types=changed(snapshot.types, "type"))
        case "routine":
            return replace(snapshot, functions=changed(snapshot.functions, "routine"))
    return snapshot


def given(items: _Items, role: str, every: tuple[str, ...]) -> _Items:
    """The access list of the whole object: what the new owner had is shown where it could
    grant it, beside all that it has as the owner."""
    items = joined(items, role)
    had = acl.held(items, role)
    left = acl.with_held(items, role, {})
    if not any(had.values()):
        return left
    return acl.with_held(left, role, {word: had.get(word, False) for word in every})


def joined(items: _Items, role: str) -> _Items:
    """With what the new owner granted as the owner's."""
    theirs = [e for e in map(acl.parse, items) if e.grantor == role]
    items = tuple(i for i in items if acl.parse(i).grantor != role)
    for entry in theirs:
        more = {privilege.name: privilege.grantable for privilege in entry.privileges}
        for word, grantable in acl.held(items, entry.grantee).items():
            more[word] = more.get(word, False) or grantable
        items = acl.with_held(items, entry.grantee, more)
    return items
