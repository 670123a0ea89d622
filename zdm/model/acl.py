"""Entries of an access list as PostgreSQL prints them: `role=rw*/grantor`.

A name with other characters than letters, digits and `_` is in double quotes; without a
grantee the entry is for PUBLIC (manual, chapter 5.8, "Privileges").
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from zdm.errors import InputError
from zdm.model.expression import TypeName

PRIVILEGES = {
    "r": "SELECT",
    "a": "INSERT",
    "w": "UPDATE",
    "d": "DELETE",
    "D": "TRUNCATE",
    "x": "REFERENCES",
    "t": "TRIGGER",
    "X": "EXECUTE",
    "U": "USAGE",
    "C": "CREATE",
    "c": "CONNECT",
    "T": "TEMPORARY",
    "s": "SET",  # from 15 on, as ALTER SYSTEM
    "A": "ALTER SYSTEM",
    "m": "MAINTAIN",  # from 17 on
}
_NAME = r'"(?:[^"]|"")*"|[^"=/]*'
_ITEM = re.compile(rf"({_NAME})=((?:[{''.join(PRIVILEGES)}]\*?)*)/({_NAME})")


class Privilege(Struct, frozen=True, kw_only=True):
    """One privilege, by the word that GRANT takes; `grantable`: WITH GRANT OPTION."""

    name: str
    grantable: bool = False


class Entry(Struct, frozen=True, kw_only=True):
    """Who has been granted what, and by whom."""

    grantee: str  # empty: PUBLIC
    privileges: tuple[Privilege, ...]  # empty: PUBLIC lost what it has by default
    grantor: str  # empty: the owner


class Named(Struct, frozen=True, kw_only=True):
    """An object as GRANT names it; `arguments` are those of a routine, where written."""

    words: tuple[str, ...]
    arguments: tuple[TypeName, ...] | None = None


class Granting(Struct, frozen=True, kw_only=True):
    """GRANT, or REVOKE where `revokes`; `kind`: table, sequence, schema, routine, type, empty
    for another one. No privileges: ALL. A role is empty where only the session knows it."""

    revokes: bool
    kind: str
    schemas: tuple[str, ...]  # ALL … IN SCHEMA
    objects: tuple[Named, ...]
    privileges: tuple[tuple[str, tuple[str, ...]], ...]  # and the columns
    roles: tuple[str, ...]  # PUBLIC is `public`
    option: bool  # WITH GRANT OPTION, GRANT OPTION FOR
    cascade: bool
    by_another: bool  # GRANTED BY


def held(items: tuple[str, ...], role: str) -> Mapping[str, bool]:
    """The privileges that the owner granted to the role, and whether it may grant them."""
    return {
        privilege.name: privilege.grantable
        for entry in map(parse, items)
        if entry.grantee == role and not entry.grantor
        for privilege in entry.privileges
    }


def with_held(
    items: tuple[str, ...], role: str, privileges: Mapping[str, bool], *, lost: bool = False
) -> tuple[str, ...]:
    """The list with exactly these privileges of the owner's for the role; `lost`: where there
    are none, that PUBLIC has lost those that it has by default."""
    kept = [i for i in items if (e := parse(i)).grantee != role or e.grantor]
    letters = "".join(
        letter + "*" * privileges[word]
        for letter, word in PRIVILEGES.items()
        if word in privileges
    )
    if letters or lost:
        kept.append(f"{_quoted(role)}={letters}/")
    return tuple(sorted(kept))


def _quoted(name: str) -> str:
    plain = re.fullmatch(r"\w*", name, re.ASCII)
    return name if plain else '"' + name.replace('"', '""') + '"'


def parse(item: str) -> Entry:
    """The entry; raises InputError where PostgreSQL would not print it so."""
    found = _ITEM.fullmatch(item)
    if found is None:
        raise InputError(
            f"`{item}` is not an entry of an access list, so its privileges are unknown",
            hint="make a new snapshot of the database",
        )
    letters = re.findall(r"(\w)(\*?)", found[2])
    return Entry(
        grantee=_unquoted(found[1]),
        privileges=tuple(
            Privilege(name=PRIVILEGES[letter], grantable=bool(star)) for letter, star in letters
        ),
        grantor=_unquoted(found[3]),
    )


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
