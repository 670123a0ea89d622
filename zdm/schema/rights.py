"""Who has which rights on the objects that a GRANT or REVOKE names, and what it leaves."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from zdm.model import acl
from zdm.model.acl import Granting, Named
from zdm.model.catalog.indexed import exchanged, named
from zdm.model.schema import Function, Name, Sequence, Snapshot, Table, Type, View
from zdm.model.sql import ident
from zdm.model.statement import Action, Setting
from zdm.parse import types
from zdm.parse.objects import rights
from zdm.schema import edits, lookup, routines

_ALL = {
    "table": ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"),
    "sequence": ("USAGE", "SELECT", "UPDATE"),
    "schema": (acl.PRIVILEGES["U"], acl.PRIVILEGES["C"]),
    "routine": ("EXECUTE",),
    "type": ("USAGE",),
}
_MAINTAIN = 17  # the first version with MAINTAIN
_BY_DEFAULT = {"routine": "EXECUTE", "type": "USAGE"}  # of PUBLIC


_One = TypeVar("_One", View, Sequence, Type, Function)
_Members = tuple[Table | View | Sequence | Type | Function, ...]


class Target(Struct, frozen=True, kw_only=True):
    """One object, or one column of a table, and its access list; `signature` are the written
    arguments of a routine, `arguments` those of the one that is meant."""

    kind: str
    name: Name
    items: tuple[str, ...]
    column: str = ""
    signature: tuple[str, ...] | None = None
    arguments: str | None = None

    def held(self, role: str) -> Mapping[str, bool]:
        """What the owner granted to the role, or PUBLIC has by default."""
        mine = acl.held(self.items, "" if role == rights.PUBLIC else role)
        first = _BY_DEFAULT.get(self.kind)
        lost = any((e := acl.parse(i)).grantee == "" and not e.privileges for i in self.items)
        if role == rights.PUBLIC and first is not None and not lost:
            return {first: False, **mine}
        return mine


class Right(Struct, frozen=True, kw_only=True):
    """One privilege on one object for one role."""

    target: Target
    privilege: str
    role: str


def of(said: Granting, snapshot: Snapshot, settings: tuple[Setting, ...]) -> Iterator[Right]:
    """Every right that the statement gives or takes; LookupError where an object is missing."""
    words = tuple(privileges(said, snapshot.major))
    for target in _targets(said, snapshot, settings):
        for privilege, columns in words:
            for at in _columns(target, columns, said, snapshot):
                for role in said.roles:
                    yield Right(target=at, privilege=privilege, role=role)


def privileges(said: Granting, major: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each privilege that it names, ALL written out, with the columns."""
    for privilege, columns in said.privileges or (("ALL", ()),):
        for one in every(said.kind, major) if privilege == "ALL" else (privilege,):
            yield one, columns


def every(kind: str, major: int) -> tuple[str, ...]:
    """All privileges on an object of the kind."""
    more = ("MAINTAIN",) if kind == "table" and major >= _MAINTAIN else ()
    return (*_ALL[kind], *more)


def _columns(
    target: Target, columns: tuple[str, ...], said: Granting, snapshot: Snapshot
) -> Iterator[Target]:
    """The columns that are named; else the whole, and of what is revoked from a table also
    its columns, which lose it, too (manual, REVOKE)."""
    table = snapshot.table(target.name)
    if not columns:
        yield target
        below = table.columns if table is not None and said.revokes else ()
        yield from (replace(target, column=c.name, items=c.grants) for c in below if c.grants)
    for name in columns:
        if table is None:
            raise LookupError(f"{target.name}.{name}")
        yield replace(target, column=name, items=table.require_column(name).grants)


def _targets(
    said: Granting, snapshot: Snapshot, settings: tuple[Setting, ...]
) -> Iterator[Target]:
    for schema in said.schemas:
        yield from _in_schema(said.kind, schema, snapshot)
    for one in said.objects:
        yield target(said.kind, one, snapshot, settings)


def _in_schema(kind: str, schema: str, snapshot: Snapshot) -> Iterator[Target]:
    members = [one for found in _known(kind, snapshot) for one in found]
    known = {one.name: one.grants for one in members}
    sequences = {one.name for one in snapshot.sequences}
    for name, items in known.items():
        if name.schema == schema and (kind != "table" or name not in sequences):
            yield Target(kind=kind, name=name, items=items)


def target(kind: str, one: Named, snapshot: Snapshot, settings: tuple[Setting, ...]) -> Target:
    """The object that is named; LookupError where it is missing."""
    if kind == "schema":
        return _schema(one.words[-1], snapshot)
    first, *more = _known(kind, snapshot)
    known = lookup.Names(first, tuple(more))
    name = lookup.among(lookup.relation(one.words), known, snapshot, settings)
    there = [member for members in (first, *more) for member in named(members, name)]
    if not there:
        raise LookupError(str(name))
    items, arguments = there[-1].grants, None
    if kind == "routine":
        found = routines.named(snapshot, name, one.arguments, settings)
        if len(found) != 1:
            raise LookupError(str(name))
        items, arguments = found[0].grants, found[0].arguments
    signature = None if one.arguments is None else tuple(map(types.sql, one.arguments))
    return Target(kind=kind, name=name, items=items, signature=signature, arguments=arguments)


def _known(kind: str, snapshot: Snapshot) -> tuple[_Members, ...]:
    """The members of the Snapshot that can be named; as a table, also views and sequences."""
    match kind:
        case "sequence":
            return (snapshot.sequences,)
        case "routine":
            return (snapshot.functions,)
        case "type":
            return (snapshot.types,)
    return (snapshot.tables, snapshot.views, snapshot.sequences)


def _schema(name: str, snapshot: Snapshot) -> Target:
    if name not in snapshot.schemas:
        raise LookupError(f"schema {name}")
    grants = [o.grants for o in snapshot.rights if o.kind == "schema" and o.name == ident(name)]
    return Target(kind="schema", name=Name("", name), items=grants[0] if grants else ())


def apply(snapshot: Snapshot, action: Action) -> Snapshot:
    """The Snapshot after it; what it does to schemas is left out, as they are no part of the
    schema that is compared."""
    said = rights.read(action)
    if said is None or not said.kind or said.by_another or "" in said.roles:
        return snapshot
    try:
        given = tuple(of(said, snapshot, action.statement.settings))
    except LookupError:
        return snapshot
    for right in given:
        snapshot = _changed(snapshot, right, said)
    return snapshot


def _changed(snapshot: Snapshot, right: Right, said: Granting) -> Snapshot:
    target = right.target
    table = snapshot.table(target.name) if target.kind == "table" else None
    if table is not None and target.column:
        column = table.require_column(target.column)
        now = replace(column, grants=_items(replace(target, items=column.grants), right, said))
        return edits.put_column(snapshot, table.name, now)
    if table is not None:
        items = _items(replace(target, items=table.grants), right, said)
        return edits.put_table(snapshot, replace(table, grants=items))
    return _of_other(snapshot, right, said)


def _of_other(snapshot: Snapshot, right: Right, said: Granting) -> Snapshot:
    """A view, a sequence, a routine or a type; of schemas the lists stay as they are."""
    target = right.target

    def changed(members: tuple[_One, ...]) -> tuple[_One, ...]:
        for there in named(members, target.name):
            if isinstance(there, Function) and target.arguments not in (None, there.arguments):
                continue
            items = _items(replace(target, items=there.grants), right, said)
            members = exchanged(members, there, replace(there, grants=items))
        return members

    match target.kind:
        case "table" | "sequence":
            snapshot = replace(snapshot, views=changed(snapshot.views))
            return replace(snapshot, sequences=changed(snapshot.sequences))
        case "type":
            return replace(snapshot, types=changed(snapshot.types))
        case "routine":
            return replace(snapshot, functions=changed(snapshot.functions))
    return snapshot


def _items(target: Target, right: Right, said: Granting) -> tuple[str, ...]:
    mine = dict(target.held(right.role))
    if not said.revokes:
        mine[right.privilege] = mine.get(right.privilege, False) or said.option
    elif said.option:
        mine |= {right.privilege: False} if right.privilege in mine else {}
    else:
        mine.pop(right.privilege, None)
    public = right.role == rights.PUBLIC
    first = _BY_DEFAULT.get(target.kind)
    lost = public and first is not None and first not in mine
    if public and first is not None:
        mine = {k: v for k, v in mine.items() if k != first or v}
    return acl.with_held(target.items, "" if public else right.role, mine, lost=lost)
