"""Access lists as a throwaway server can have them.

Its own superuser may be called like a role of the schema, and no one there may grant in the
name of a superuser: what such a role granted is granted by the owner. What a role has that is
not there is left out. Pure.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from zdm.model import acl
from zdm.model.catalog.database import Other
from zdm.model.schema import Snapshot, View
from zdm.postgres.catalog import ddl

_ORDER = {letter: place for place, letter in enumerate("arwdDxtXUCcTsAm")}
_ITEM = re.compile(r'("(?:[^"]|"")*"|[^"=/]*)=([\w*]*)/(.*)', re.DOTALL)
One = TypeVar("One")


def fitted(snapshot: Snapshot, may_grant: Mapping[str, bool]) -> Snapshot:
    """The Snapshot with the access lists that can be made; `may_grant` has each role."""
    wanted = ddl.roles(snapshot)
    if all(may_grant.get(role, False) for role in wanted):
        return snapshot

    def fit(items: tuple[str, ...]) -> tuple[str, ...]:
        return _fit(items, may_grant)

    def each(found: tuple[One, ...]) -> tuple[One, ...]:
        return tuple(_with_grants(one, fit) for one in found)

    return replace(
        snapshot,
        tables=tuple(replace(t, columns=each(t.columns)) for t in each(snapshot.tables)),
        views=tuple(_with_columns(one, fit) for one in each(snapshot.views)),
        sequences=each(snapshot.sequences),
        functions=each(snapshot.functions),
        types=each(snapshot.types),
        servers=each(snapshot.servers),
        rights=tuple(_schema(one) for one in each(snapshot.rights)),
    )


def _with_grants(one: Any, fit: Any) -> Any:
    return replace(one, grants=fit(one.grants)) if one.grants else one


def _with_columns(view: View, fit: Callable[[tuple[str, ...]], tuple[str, ...]]) -> View:
    fitted = ((column, fit(items)) for column, items in view.column_grants)
    return replace(view, column_grants=tuple((c, items) for c, items in fitted if items))


def _schema(one: Other) -> Other:
    if one.kind != "schema":
        return one
    statements = ddl.grants(one.grants, f"SCHEMA {one.name}")
    return replace(one, definition=";\n".join(statements))


def _fit(items: tuple[str, ...], may_grant: Mapping[str, bool]) -> tuple[str, ...]:
    found: dict[tuple[str, str], str] = {}
    for item in items:
        entry, said = acl.parse(item), _ITEM.fullmatch(item)
        if said is None or {entry.grantee, entry.grantor} - {"", *may_grant}:
            continue
        grantor = said[3] if may_grant.get(entry.grantor, False) else ""
        key = (said[1], grantor)
        found[key] = _merged(found.get(key, ""), said[2])
    return tuple(sorted(f"{to}={letters}/{by}" for (to, by), letters in found.items()))


def _merged(one: str, other: str) -> str:
    """Letters of both, each with its star if either has it, as PostgreSQL orders them."""
    found: dict[str, str] = {}
    for letter, star in re.findall(r"(\w)(\*?)", one + other):
        found[letter] = found.get(letter, "") or star
    return "".join(letter + found[letter] for letter in sorted(found, key=_ORDER.__getitem__))
